"""From a name in configs/data to a manifest."""

import logging
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from fdemd.cli.command_line import plan
from fdemd.data.manifest import Manifest
from fdemd.data.sources import PUBLISHED, build_manifest, folder_manifest, orl_manifest
from fdemd.errors import InputError
from fdemd.files.hidden import HIDDEN


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


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_hidden_copies_are_nobodys_photographs_and_nobody(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "Ann/1.jpg",
        "Ann/._1.jpg",
        "Ann/.ipynb_checkpoints/1-checkpoint.jpg",
        "Ann/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        "Bob/1.jpg",
        "__MACOSX/Ann/._1.jpg",
        ".Trash-1000/files/Eve/1.jpg",
    )
    manifest = folder_manifest(str(tmp_path))
    assert [(row.path, row.identity) for row in manifest.photographs] == [("Ann/1.jpg", "Ann"), ("Bob/1.jpg", "Bob")]
    assert manifest.ignored == (
        (".Trash-1000", f"{HIDDEN} (a whole folder)"),
        ("Ann/._1.jpg", HIDDEN),
        ("Ann/.ipynb_checkpoints", f"{HIDDEN} (a whole folder)"),
        ("Ann/@eaDir", f"{HIDDEN} (a whole folder)"),
        ("__MACOSX", f"{HIDDEN} (a whole folder)"),
    )


def test_a_folder_that_is_itself_hidden_may_be_given(tmp_path: Path) -> None:
    touch(tmp_path, ".faces/Ann/1.jpg", ".faces/Bob/1.jpg")
    assert len(folder_manifest(str(tmp_path / ".faces"))) == 2


def test_spellings_of_a_name_are_one_person_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")
    touch(tmp_path, "Zoë/1.jpg", f"{decomposed}/2.jpg", "Zoë /3.jpg", "Bob/1.jpg", "  /1.jpg")
    with caplog.at_level(logging.WARNING):
        manifest = folder_manifest(str(tmp_path))
    assert [row.identity for row in manifest.photographs] == ["Bob", "Zoë", "Zoë", "Zoë"]
    assert all(manifest.file(row).is_file() for row in manifest.photographs)
    assert manifest.ignored == (("  /1.jpg", "in a folder whose name is blank"),)
    assert "people who are written in several ways" in caplog.text


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o400], ids=["nothing", "no listing", "no entering"])
def test_a_folder_without_permission_is_listed_with_its_reason(
    tmp_path: Path, as_other_user: list[str], mode: int
) -> None:
    touch(tmp_path, "data/Ann/1.jpg", "data/Bob/1.jpg", "data/Eve/1.jpg", "data/Eve/sub/2.jpg", "locked/1.jpg")
    (tmp_path / "data" / "Bob" / "link.jpg").symlink_to(tmp_path / "locked" / "1.jpg")
    for folder in ("data/Eve", "locked"):
        (tmp_path / folder).chmod(mode)
    try:
        done = subprocess.run(
            [*as_other_user, sys.executable, "-c", LIST, str(tmp_path / "data")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for folder in ("data/Eve", "locked"):
            (tmp_path / folder).chmod(0o755)
    listed = dict(line.split("|") for line in done.stdout.splitlines())
    assert listed.pop("Ann/1.jpg") == listed.pop("Bob/1.jpg") == "used", done.stderr
    if mode == 0o100:
        assert listed.pop("Bob/link.jpg") == "used", "whether it can be read is seen when it is"
    else:
        assert listed.pop("Bob/link.jpg") == "cannot be read (Permission denied)"
    assert listed == (
        {
            "Eve/1.jpg": "cannot be read (Permission denied)",
            "Eve/sub": "a folder that cannot be read (Permission denied)",
        }
        if mode == 0o400
        else {"Eve": "a folder that cannot be read (Permission denied)"}
    )


LIST = """
import sys
from fdemd.data.sources import folder_manifest
manifest = folder_manifest(sys.argv[1])
for path, reason in [*((row.path, "used") for row in manifest.photographs), *manifest.ignored]:
    print(f"{path}|{reason}")
"""


@pytest.mark.parametrize("source", ["folder_manifest", "orl_manifest", "listed_manifest", "partial_lfw"])
def test_places_that_may_not_be_entered_are_a_sentence(tmp_path: Path, as_other_user: list[str], source: str) -> None:
    touch(tmp_path, "locked/data/Ann/1.jpg", "locked/data/s1/1.pgm")
    (tmp_path / "locked").chmod(0)
    try:
        done = subprocess.run(
            [*as_other_user, sys.executable, "-c", OPEN, source, str(tmp_path / "locked" / "data")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert "cannot be read (Permission denied)" in done.stderr and len(done.stderr.splitlines()) == 1


OPEN = """
import sys
from functools import partial
from fdemd.data import sources
from fdemd.cli.exit_status import exit_status
sources.partial_lfw = partial(sources.prepared_manifest, "lfw")
sys.exit(exit_status("open", lambda: getattr(sources, sys.argv[1])(sys.argv[2])))
"""


def manifest_of(*words: str) -> Manifest:
    """The photographs of a choice of ``configs/data``."""
    return build_manifest(plan("evaluate", words)[0].settings.data)


def test_each_choice_of_data_is_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,identity\na/1.png,a\nb/1.png,b\n")
    assert len(manifest_of("data=orl")) == 400
    for data in ("manifest", "lfw"):
        assert len(manifest_of(f"data={data}", f"data.manifest='{tmp_path / 'manifest.csv'}'")) == 2


def test_pairs_are_not_identified() -> None:
    with pytest.raises(InputError, match="data=lfw_pairs is a list of pairs"):
        manifest_of("data=lfw_pairs")


def test_links_are_followed_once_and_dangling_ones_are_listed(tmp_path: Path) -> None:
    for name in ("data/Bob/1.png", "data/Zoe/1.png", "elsewhere/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "data" / "Ann").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "data" / "Bob" / "again").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "Bob" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    manifest = folder_manifest(str(tmp_path / "data"))
    assert [photograph.path for photograph in manifest.photographs] == ["Ann/1.png", "Bob/1.png", "Zoe/1.png"]
    assert manifest.ignored == (
        ("Bob/again", f"by a link the same folder as {tmp_path / 'data'}"),
        ("Bob/gone.png", "a link to nothing"),
    )


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_set_that_is_not_prepared_says_which_command_does_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"python -m data_prep \w+ --source .*data\.manifest=PATH"):
        manifest_of(f"data={name}", f"data.manifest='{tmp_path / 'none.csv'}'")
