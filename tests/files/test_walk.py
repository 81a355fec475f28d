"""One walk for evaluations and preparations: real folders first, links last, each real folder once, hidden ones not."""

from pathlib import Path

import pytest

from fdemd.files.hidden import HIDDEN
from fdemd.files.walk import walk


def files(root: Path) -> list[str]:
    return sorted(found.path for found in walk(root) if not found.problem and not found.is_folder)


def problems(root: Path) -> dict[str, str]:
    return {found.path: found.problem for found in walk(root) if found.problem}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two people in the folder, one beside it."""
    for name in ("root/Ann/1.jpg", "root/Bob/old/2.jpg", "beside/3.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"content")
    return tmp_path / "root"


def test_files_and_folders_are_each_found_once(root: Path) -> None:
    assert sorted(walk(root)) == [
        ("Ann", "", True, 0),
        ("Ann/1.jpg", "", False, 7),
        ("Bob", "", True, 0),
        ("Bob/old", "", True, 0),
        ("Bob/old/2.jpg", "", False, 7),
    ]


@pytest.mark.parametrize(
    ("link", "target", "first"),
    [
        ("Aaron", "Bob", "Bob"),
        ("Ann/friends", "../Bob", "Bob"),
        ("Ann/friends", "../Bob/old", "Bob/old"),
        ("Ann/up", "..", ""),
    ],
)
def test_a_link_takes_nobodys_name(root: Path, link: str, target: str, first: str) -> None:
    (root / link).symlink_to(target)
    assert files(root) == ["Ann/1.jpg", "Bob/old/2.jpg"]
    assert problems(root) == {link: f"by a link the same folder as {root / first}"}


def test_a_link_out_of_the_folder_is_followed_once(root: Path) -> None:
    (root / "Cy").symlink_to("../beside")
    (root / "Ann" / "friend").symlink_to("../../beside")
    assert files(root) == ["Ann/1.jpg", "Bob/old/2.jpg", "Cy/3.jpg"]
    assert problems(root) == {"Ann/friend": f"by a link the same folder as {root / 'Cy'}"}


def test_a_person_whose_files_lie_in_a_hidden_folder_is_taken_by_the_links_name(root: Path) -> None:
    (root / ".store").mkdir()
    (root / "Ann").rename(root / ".store" / "Ann")
    (root / "Ann").symlink_to(".store/Ann")
    assert files(root) == ["Ann/1.jpg", "Bob/old/2.jpg"]
    assert problems(root) == {".store": f"{HIDDEN} (a whole folder)"}
