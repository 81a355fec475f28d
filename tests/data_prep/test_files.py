"""Photographs of other folders get another name in ours, and manifests are whole."""

from pathlib import Path

import pytest

from data_prep.files import link


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A photograph that is a link to a file, relative to its own folder."""
    for folder in ("photographs/Ann", "store", "out"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "store" / "1.jpg").write_bytes(b"content")
    photograph = tmp_path / "photographs" / "Ann" / "1.jpg"
    photograph.symlink_to("../../store/1.jpg")
    return photograph


def test_a_link_is_another_name_of_the_file_that_it_leads_to(linked: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "deep" / "1.jpg"
    link(linked, target)
    assert not target.is_symlink()
    assert target.samefile(tmp_path / "store" / "1.jpg")
    assert [each.name for each in target.parent.iterdir()] == ["1.jpg"]


def test_a_link_to_nothing_that_an_earlier_version_left_is_mended(linked: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "1.jpg"
    target.symlink_to("../../store/1.jpg")
    link(linked, target)
    assert target.read_bytes() == b"content"
    assert not target.is_symlink()


def test_where_there_are_no_links_it_is_copied(linked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    link(linked, tmp_path / "out" / "1.jpg")
    assert (tmp_path / "out" / "1.jpg").read_bytes() == b"content"
