"""A request becomes faces, a manifest and a report, or one sentence before any work."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_prep.preparation import Request, prepare
from fdemd.data.manifest_file import read_manifest
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing
from tests.data_prep.conftest import write_pack


@pytest.fixture
def request_of_a_pack(tmp_path: Path) -> Request:
    pack = write_pack(tmp_path / "some.bin", 4)
    return Request("pack", (pack,), tmp_path / "out", Preprocessing("insightface", (112, 112), "dlib"), workers=1)


def test_findings_are_those_of_the_files(request_of_a_pack: Request) -> None:
    findings = prepare(request_of_a_pack)
    out = request_of_a_pack.out
    rows = read_manifest(out / "manifest.csv").photographs
    assert (findings.made, findings.faces, len(rows)) == (8, 8, 8)
    assert all((out / row.path).is_file() and row.aligned == "insightface" for row in rows)
    assert (out / "lists" / "pairs.txt").is_file()
    assert prepare(request_of_a_pack).made == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"paths": (Path("/nowhere"),)}, "/nowhere"),
        ({"name": "talfw"}, r"talfw are queries for the gallery of lfw: prepare lfw first, and name its manifest"),
        ({"against": (Path("/nowhere/manifest.csv"),)}, "/nowhere/manifest.csv does not exist"),
    ],
)
def test_what_cannot_be_prepared_is_a_sentence_before_any_work(
    change: dict[str, object], sentence: str, request_of_a_pack: Request
) -> None:
    with pytest.raises(InputError, match=sentence):
        prepare(replace(request_of_a_pack, **change))
    assert not request_of_a_pack.out.exists()
