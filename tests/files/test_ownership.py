import os
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.files.ownership import MARK, claim, is_marked

WHAT = "prepared faces"


def test_a_new_or_empty_folder_becomes_ours_and_stays_so(tmp_path: Path) -> None:
    for folder in (tmp_path / "a" / "new", tmp_path / "empty"):
        folder.parent.mkdir(exist_ok=True)
        assert not is_marked(folder, WHAT)
        claim(folder, WHAT)
        (folder / "manifest.csv").touch()
        claim(folder, WHAT)
        assert is_marked(folder, WHAT)


def test_a_kill_while_the_mark_was_written_makes_no_folder_foreign(tmp_path: Path) -> None:
    (tmp_path / f".{'0a' * 8}.part").touch()
    claim(tmp_path, WHAT)
    assert is_marked(tmp_path, WHAT)


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"holds files that fdemd did not write there \(thesis.tex\).*choose another"):
        claim(tmp_path, WHAT, "choose another --out")
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("content", ["", "{", '{"made by": "fdemd", "holds": "a cache"}', "\x00"])
def test_a_mark_of_another_kind_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / MARK).write_text(content)
    assert not is_marked(tmp_path, WHAT)
    with pytest.raises(InputError):
        claim(tmp_path, WHAT)


def test_a_pipe_is_no_mark(tmp_path: Path) -> None:
    """It would never end to be read."""
    os.mkfifo(tmp_path / MARK)
    assert not is_marked(tmp_path, WHAT)
