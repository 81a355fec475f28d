"""The report of a prepared set: the photographs that gave no face."""

import json

import pytest

from fdemd.data.preparation_report import REPORT, WITHOUT_FACE, read_without_face
from fdemd.errors import InputError


def test_photographs_without_a_face_are_read(tmp_path):
    (tmp_path / REPORT).write_text(json.dumps({"set": "lfw", WITHOUT_FACE: [["a/1.jpg", "no face found", "none"]]}))
    assert read_without_face(tmp_path) == [("a/1.jpg", "no face found", "none")]


def test_a_folder_without_a_report_and_an_older_report_list_none(tmp_path):
    assert read_without_face(tmp_path) == []
    (tmp_path / REPORT).write_text("{}")
    assert read_without_face(tmp_path) == []


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_a_damaged_report_is_named(tmp_path, content):
    (tmp_path / REPORT).write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged.*prepare the set again"):
        read_without_face(tmp_path)
