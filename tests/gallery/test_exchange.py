"""A gallery as a folder of plain files, and back."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fdemd.errors import InputError
from fdemd.gallery import exchange
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import COMPACT_PIN, MAP, PIN, open_made, photograph


@pytest.fixture
def exported(gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(exchange, "_AT_ONCE", 2)
    gallery.enrol("Ann", [photograph("Ann", shot=shot) for shot in (1, 2)])
    gallery.enrol("=Bob, \"the\" 'b'", photograph("Bob"))
    assert gallery.export(tmp_path / "export") == 3
    return tmp_path / "export"


def test_what_comes_back_is_what_was_there(
    exported: Path, gallery: Gallery, where: str, opened: Callable[[str], Gallery]
) -> None:
    other = opened(where if "://" in where else where + "2")
    assert other.import_(exported) == (3, 0)
    assert other.import_(exported) == (0, 3)
    assert other.check().problems == []

    def everything(one: Gallery) -> list[object]:
        return [(p.name, [(each.sha256, each.enrolled) for each in p.photographs]) for p in one.people()]

    assert everything(other) == everything(gallery)
    assert torch.equal(other._index.current().embeddings, gallery._index.current().embeddings)
    (answer,) = other.identify(photograph("Bob", shot=7))
    assert answer.person == "=Bob, \"the\" 'b'"
    assert answer.candidates[0].emd is not None


def test_compact_patches_come_back_with_their_map(tmp_path: Path) -> None:
    with open_made(tmp_path / "people.db", pin=COMPACT_PIN) as gallery:
        gallery.enrol("Ann", photograph("Ann"))
        gallery.export(tmp_path / "export")
        before, _ = gallery._search.stored.features(torch.tensor([1]))
    patch_map = exchange.map_of(tmp_path / "export")
    assert patch_map is not None and torch.equal(patch_map.matrix, MAP.matrix)
    with open_made(tmp_path / "other.db", pin=COMPACT_PIN) as other:
        assert other.import_(tmp_path / "export") == (1, 0)
        after, _ = other._search.stored.features(torch.tensor([1]))
        assert before is not None and after is not None and torch.equal(before.patches, after.patches)
        assert before.scale is not None and after.scale is not None and torch.equal(before.scale, after.scale)
    with (
        open_made(tmp_path / "third.db", pin=replace(COMPACT_PIN, patch_map="f" * 64)) as third,
        pytest.raises(InputError, match="another choice of the map of compact patches"),
    ):
        third.import_(tmp_path / "export")


def test_the_files_are_plain(exported: Path) -> None:
    with (exported / "manifest.csv").open(newline="") as file:
        assert [row["person"] for row in csv.DictReader(file)] == ["Ann", "Ann", "=Bob, \"the\" 'b'"]
    assert {path.name for path in exported.iterdir()} == {
        "manifest.csv",
        "gallery.json",
        "features",
        "faces",
        "photographs",
    }
    assert (exported / "photographs/0").read_bytes() == photograph("Ann", shot=1)
    assert exchange.map_of(exported) is None


@pytest.mark.parametrize("file", ["manifest.csv", "features/0.safetensors", "faces/2.png", "photographs/0"])
def test_a_file_that_was_changed_is_refused_and_nothing_enrolled(
    exported: Path, tmp_path: Path, file: str, opened: Callable[[str], Gallery]
) -> None:
    content = (exported / file).read_bytes()
    (exported / file).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    other = opened(str(tmp_path / "other.db"))
    with pytest.raises(InputError, match="is not what was exported"):
        other.import_(exported)
    assert other.people() == []


def test_an_export_of_another_network_is_refused(exported: Path, tmp_path: Path) -> None:
    other = open_made(tmp_path / "other.db", pin=replace(PIN, weights_sha256="f" * 64))
    with other, pytest.raises(InputError, match=r"another choice of the weights: ffffffffffff\.\.\., not random"):
        other.import_(exported)


def test_what_is_no_export_is_told(gallery: Gallery, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no export of a gallery"):
        gallery.import_(tmp_path)
    with pytest.raises(InputError, match="exists already; name a new folder"):
        gallery.export(exported)
    (exported / "gallery.json").write_text('{"format": 1, "pin": {}}')
    with pytest.raises(InputError, match="does not say which network"):
        exchange.pin_of(exported)
    (exported / "gallery.json").write_text('{"format": 2}')
    with pytest.raises(InputError, match="of another version"):
        exchange.pin_of(exported)
