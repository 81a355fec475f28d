"""Folders and archives of one content are read alike."""

from pathlib import Path

import pytest

from data_prep import containers
from data_prep.opening import open_container
from tests.data_prep.conftest import write_tar, write_tree, write_zip
from tests.data_prep.made_archives import FILES, content


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz", "a.zip", "tree"])
def test_every_kind_is_read_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "tree":
        write_tree(path, FILES)
    elif name == "a.zip":
        write_zip(path, FILES)
    else:
        write_tar(path, FILES, {"tar": "w", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}[name.split(".")[-1]])
    assert content(open_container(path, tmp_path / "work")) == FILES


def test_a_file_too_large_for_a_photograph_and_an_archive_inside_are_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "LARGEST_MEMBER", 100)
    path = write_tar(tmp_path / "a.tar", {"large.jpg": bytes(101), "inner.zip": b"PK", "right.jpg": b"x"})
    members, unused = open_container(path, tmp_path / "work").listing()
    assert [member.path for member in members] == ["right.jpg"]
    assert [entry.name for entry in unused] == ["large.jpg", "inner.zip"]


def test_a_path_longer_than_any_system_has_is_listed(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES | {"n" * 5000: b"x"})
    members, unused = open_container(path, tmp_path / "work").listing()
    assert len(members) == 2
    assert unused == [("n" * 200 + "...", "5000 letters, more than a path may have")]
