"""The copy of a photograph as a query, or a record that says why there is none."""

from pathlib import Path

import pytest

from data_prep.copying import UNCHANGED, Copying
from fdemd.data.manifest import Manifest, Photograph
from fdemd.faces.photographs import UNREADABLE, Preprocessing
from fdemd.faces.queries import QueryMaker
from fdemd.settings.queries import CropQuery
from fdemd.settings.section import Section
from tests.data_prep.conftest import picture

DLIB = Preprocessing("dlib", (150, 150), "dlib")


@pytest.fixture
def photographs(tmp_path: Path) -> Manifest:
    rows = tuple(Photograph(f"{name}/1.jpg", name, f"{name}/1.jpg", "", True, True, "") for name in ("Ann", "Bob"))
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann" / "1.jpg").write_bytes(picture(0, 1))
    return Manifest(tmp_path, rows)


def copying(manifest: Manifest, out: Path, kind: str, settings: Section | None = None) -> Copying:
    targets = {row.path: f"{kind}/{row.identity}.png" for row in manifest.photographs}
    maker = QueryMaker(kind, DLIB.size, 0, settings)
    return Copying(manifest, manifest.photographs, targets, maker, DLIB, out)


def test_a_copy_is_written_and_done_until_it_or_its_photograph_changes(photographs: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    copies = copying(photographs, out, "crop", CropQuery(side=0.7))
    record = copies[0]
    assert record.problem == ""
    assert copies.is_done(0, record)
    assert not copies.is_done(0, None)
    (out / "crop" / "Ann.png").write_bytes(b"changed")
    assert not copies.is_done(0, record)
    assert copies[0] == record, "and is made again, the same"
    photographs.file(photographs.photographs[0]).write_bytes(picture(0, 2))
    assert not copies.is_done(0, record)


def test_a_missing_photograph_is_a_problem(photographs: Manifest, tmp_path: Path) -> None:
    record = copying(photographs, tmp_path / "out", "crop", CropQuery(side=0.7))[1]
    assert (record.problem, record.reason) == (UNREADABLE, "there is no such file")


def test_a_copy_that_is_the_photograph_itself_is_a_problem(photographs: Manifest, tmp_path: Path) -> None:
    record = copying(photographs, tmp_path / "out", "clean")[0]
    assert record.problem == UNCHANGED
    assert not (tmp_path / "out").exists()
