"""A gallery is opened with its own network, whatever the next program would take by default."""

from pathlib import Path

import pytest
import torch

from fdemd.backbones import Backbone
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.gallery.exchange import map_of
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import MAP

COHORT = [[orl_manifest().root / f"s{n}/1.pgm"] for n in range(1, 21)]
FEW = COHORT[:10]


def test_a_new_gallery_is_pinned_and_opened_again_without_a_word(tmp_path: Path, dlib_net: Backbone) -> None:
    path = tmp_path / "people.db"
    with Gallery.open(path, backbone="dlib", settings={"grid": 4}, keep="none", cohort=COHORT) as made:
        pin = made.pin
    assert (pin.backbone, pin.settings, pin.keep, pin.detector) == ("dlib", {"grid": 4}, "none", "yunet")
    assert (pin.dtype, pin.patch_map) == ("int8", "")  # all channels of 16 patches fit into 8 KiB
    with Gallery.open(path) as again:
        assert again.pin == pin
        (done,) = again.enrol("Ann", orl_manifest().root / "s30/1.pgm")
        assert done.status == "enrolled"
        assert again.people()[0].photographs[0].path is None
    others = ("backbone", "sface"), ("detector", "dlib"), ("settings", {}), ("patches", "none"), ("keep", "path")
    for name, other in (*others, ("dtype", "float16")):
        with pytest.raises(InputError, match="made with another choice of"):
            Gallery.open(path, **{name: other})  # type: ignore[arg-type]


def test_compact_patches_get_a_map_that_is_fitted_on_the_cohort_or_given(tmp_path: Path, dlib_net: Backbone) -> None:
    with Gallery.open(tmp_path / "full.db", backbone="dlib", keep="bytes", cohort=FEW) as full:
        assert (full.pin.dtype, full.pin.patch_map) == ("float16", "")  # 128 channels of 64 patches do not fit
        full.enrol("Ann", orl_manifest().root / "s30/1.pgm")
        full.export(tmp_path / "export of full")
    with Gallery.open(tmp_path / "small.db", backbone="dlib", dtype="int8", cohort=FEW) as small:
        pin = small.pin
        small.enrol("Ann", orl_manifest().root / "s30/1.pgm")
        small.export(tmp_path / "export")
        found, _ = small._search.stored.features(torch.tensor([1]))
    assert found is not None and found.patches.shape == (1, 64, 124)
    assert Gallery.re_embed(tmp_path / "full.db", dtype="int8").done
    for path in ("full.db", "small.db"):
        with Gallery.open(tmp_path / path) as again:
            assert again.pin.dtype == "int8" and len(again.pin.patch_map) == 64
            assert [answer.person for answer in again.identify(orl_manifest().root / "s30/2.pgm")] == ["Ann"]
    other = map_of(tmp_path / "export")
    with Gallery.open(tmp_path / "new.db", backbone="dlib", dtype="int8", patch_map=other, cohort=COHORT[-10:]) as new:
        assert new.pin.patch_map == pin.patch_map
        assert new.import_(tmp_path / "export") == (1, 0)
        with pytest.raises(InputError, match="another choice of the precision of patches: int8, not float16"):
            new.import_(tmp_path / "export of full")


def test_a_network_of_ones_own(tmp_path: Path, dlib_net: Backbone) -> None:
    path = tmp_path / "people.db"
    with Gallery.open(path, backbone=dlib_net, cohort=COHORT) as made:
        assert made.pin.backbone == type(dlib_net).__name__
    with Gallery.open(path, backbone=dlib_net):
        pass
    with pytest.raises(InputError, match="Unknown backbone"):
        Gallery.open(path)
    with pytest.raises(InputError, match="in training mode"):
        Gallery.open(path, backbone=dlib_net.train())
    dlib_net.eval()


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"keep": "all"}, "Unknown choice of keep 'all'"),
        ({"patches": "some"}, "Unknown choice of patches 'some'"),
        ({"dtype": "int4"}, "Unknown choice of dtype 'int4'"),
        ({"dtype": "int8", "patches": "none"}, "has none to be kept in int8"),
        ({"patch_map": MAP}, "A map is for compact patches; give dtype=int8"),
        ({"backbone": "dlib", "dtype": "int8", "patch_map": MAP, "cohort": COHORT}, "takes patches of 16 channels"),
        ({"backbone": "sfase"}, "did you mean sface"),
        ({"detector": "yunit"}, "did you mean yunet"),
        ({"backbone": "dlib", "cohort": COHORT[:3]}, "needs 10 strangers"),
        ({"backbone": "dlib", "patches": "projected"}, "patches are not the map"),
        ({"backbone": "dlib", "cohort": COHORT, "rerank": {"alpha": "auto"}}, "is chosen for each query"),
    ],
)
def test_a_wrong_choice_is_told_and_makes_no_gallery(tmp_path: Path, choice: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Gallery.open(tmp_path / "people.db", **choice)  # type: ignore[arg-type]
    if "rerank" not in choice:  # of this process alone: the gallery is there
        with pytest.raises(InputError, match="There is no gallery"):
            Gallery.open(tmp_path / "people.db", create=False)
