"""From a name in configs/data to a manifest."""

from pathlib import Path

import pytest

from fdemd.data.sources import PREPARED, build_manifest, folder_manifest, orl_manifest
from fdemd.errors import InputError


def test_orl_is_40_people_and_400_photographs_and_names_what_else_lies_there() -> None:
    manifest = orl_manifest()
    assert len(manifest) == 400
    assert len({photograph.identity for photograph in manifest.photographs}) == 40
    assert all(manifest.file(photograph).is_file() for photograph in manifest.photographs)
    assert [path for path, _ in manifest.ignored] == ["s10/target.jpg"]


def test_an_incomplete_orl_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lacks 400 of the 400 .* s1/1\.pgm first"):
        orl_manifest(str(tmp_path))


def test_a_folder_a_person(tmp_path: Path) -> None:
    for name in ("Zoë Å/1.JPG", "Zoë Å/deeper/2.png", "Bob/1.jpeg", "Bob/notes.txt", "readme.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    manifest = folder_manifest(str(tmp_path))
    assert [(p.path, p.identity) for p in manifest.photographs] == [
        ("Bob/1.jpeg", "Bob"),
        ("Zoë Å/1.JPG", "Zoë Å"),
        ("Zoë Å/deeper/2.png", "Zoë Å"),
    ]
    assert manifest.ignored == (
        ("Bob/notes.txt", "not an image by its name"),
        ("readme.md", "not in a person's folder"),
    )


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        folder_manifest(str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no photographs"):
        folder_manifest(str(tmp_path))
    (tmp_path / "Bob").mkdir()
    (tmp_path / "Bob" / "1.jpg").touch()
    with pytest.raises(InputError, match="one person only \\(Bob\\)"):
        folder_manifest(str(tmp_path))


def test_one_persons_own_folder_is_told_from_an_empty_one(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg", "older/1.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"The 2 images of .* \(1\.jpg first\) lie directly in it.*the folder above"):
        folder_manifest(str(tmp_path))


def test_unknown_data_lists_the_known() -> None:
    with pytest.raises(InputError, match="did you mean orl"):
        build_manifest("orll")


def test_links_are_followed_once_and_dangling_ones_are_listed(tmp_path: Path) -> None:
    for name in ("data/Bob/1.png", "data/Zoe/1.png", "elsewhere/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "data" / "Ann").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "data" / "Bob" / "again").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "Bob" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    manifest = folder_manifest(str(tmp_path / "data"))
    assert [photograph.path for photograph in manifest.photographs] == ["Ann/1.png", "Bob/1.png", "Zoe/1.png"]
    assert manifest.ignored == (("Bob/gone.png", "a link to nothing"),)


@pytest.mark.parametrize("name", PREPARED)
def test_a_set_that_is_not_prepared_says_which_command_does_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"python -m data_prep \w+ --source .*data\.manifest=PATH"):
        build_manifest(name, manifest=str(tmp_path / "none.csv"))


def test_a_prepared_set_is_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,identity\na/1.png,a\nb/1.png,b\n")
    assert len(build_manifest("lfw", manifest=str(tmp_path / "manifest.csv"))) == 2
