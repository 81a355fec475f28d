"""People who are named in a file are left out of a set."""

from pathlib import Path

import pytest

from data_prep.casia import open_casia
from data_prep.exclusions import without_people
from data_prep.sources import Unused
from fdemd.errors import InputError
from tests.data_prep.made_records import pack


def test_people_are_excluded_by_a_list(tmp_path: Path) -> None:
    pack(tmp_path)
    (tmp_path / "lfw.txt").write_text("# in LFW too\n10\n000001  # leading zeros do not matter\n\n77\n")
    source = without_people(open_casia([tmp_path], tmp_path / "work"), tmp_path / "lfw.txt")
    assert {item.identity for item in source.items} == {"000000"}
    assert source.unused == (
        Unused("000001/00000004", "its person is excluded by lfw.txt"),
        Unused("000001/00000005", "its person is excluded by lfw.txt"),
        Unused("000010/00000006", "its person is excluded by lfw.txt"),
        Unused("77", "named in lfw.txt, but not a person of the set"),
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "not a text file"),
        (b"77\n", "names nobody of the set"),
        (b"0\n1\n10\n", "names everybody of the set"),
    ],
)
def test_a_list_of_the_wrong_kind_is_refused(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    pack(tmp_path)
    if content is not None:
        (tmp_path / "lfw.txt").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        without_people(open_casia([tmp_path], tmp_path / "work"), tmp_path / "lfw.txt")
