"""A gallery is opened with its own network, whatever the next program would take by default."""

from pathlib import Path

import pytest

from fdemd.backbones import Backbone
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery

COHORT = [[orl_manifest().root / f"s{n}/1.pgm"] for n in range(1, 21)]


def test_a_new_gallery_is_pinned_and_opened_again_without_a_word(tmp_path: Path, dlib_net: Backbone) -> None:
    path = tmp_path / "people.db"
    with Gallery.open(path, backbone="dlib", settings={"grid": 4}, keep="none", cohort=COHORT) as made:
        pin = made.pin
    assert (pin.backbone, pin.settings, pin.keep, pin.detector) == ("dlib", {"grid": 4}, "none", "yunet")
    with Gallery.open(path) as again:
        assert again.pin == pin
        (done,) = again.enrol("Ann", orl_manifest().root / "s30/1.pgm")
        assert done.status == "enrolled"
        assert again.people()[0].photographs[0].path is None
    for other in ({"backbone": "sface"}, {"detector": "dlib"}, {"settings": {}}, {"patches": "none"}, {"keep": "path"}):
        with pytest.raises(InputError, match="made with another choice of"):
            Gallery.open(path, **other)  # type: ignore[arg-type]


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
