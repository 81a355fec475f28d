"""Made-up training sets: the right number of files, and records that are read as MXNet's are."""

from pathlib import Path

from data_prep.recordio import Record, open_records
from fdemd.bench.training_input_making import SIDE, make_folders, make_records, pictures
from fdemd.data.manifest_file import read_manifest
from fdemd.faces.reading import read_image


def test_folders_are_those_of_their_manifest(tmp_path: Path) -> None:
    manifest = read_manifest(make_folders(tmp_path / "set", 100))
    assert len(manifest) == 100
    assert len({photograph.identity for photograph in manifest.photographs}) == 3
    assert {photograph.aligned for photograph in manifest.photographs} == {"insightface"}
    assert read_image(manifest.file(manifest.photographs[99])).shape == (SIDE, SIDE, 3)


def test_records_hold_the_same_pictures(tmp_path: Path) -> None:
    found = [record for _, record in open_records(make_records(tmp_path / "set", 100))]
    assert all(isinstance(record, Record) for record in found)
    assert [(record.number, record.labels, record.content) for record in found] == [
        (made.number, (made.person,), made.content) for made in pictures(100)
    ]
