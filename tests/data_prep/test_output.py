"""What a user has is never overwritten or removed: results go to a folder that we made, apart from every source."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep.output import COPIES, FACES, output_folder, work_folder
from fdemd.data.manifest_file import write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.files.ownership import MARK, claim, is_marked
from tests.data_prep.conftest import digests, write_pack

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ["manifest.csv", "report.md", "report.json", "unused.csv", "duplicates.csv", "lists/pairs.txt", "thesis.tex"]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Eight faces that are prepared in no time."""
    return write_pack(tmp_path / "some.bin", 4)


@pytest.fixture
def command(request: pytest.FixtureRequest, people: Path) -> list[str | Path]:
    """A command that makes faces or copies of the photographs in ``people``, without its ``--out``."""
    if request.param == "folder":
        return ["folder", "--source", people, "--workers", "1"]
    write_manifest(folder_manifest(str(people)), people / "list.csv")
    return [request.param, people / "list.csv", "--workers", "1"]


COMMANDS = pytest.mark.parametrize("command", ["folder", "mask", "crop"], indirect=True)


@COMMANDS
@pytest.mark.parametrize("place", [".", "s1", "s1/new", "..", "link", "link/new"])
def test_sources_and_results_are_never_one_folder(
    command: list[str | Path], place: str, people: Path, tmp_path: Path, data_prep: Callable
) -> None:
    (tmp_path / "link").symlink_to(people)
    out = tmp_path / place if place.startswith("link") else people / place
    before = digests(tmp_path)
    status, printed = data_prep(*command, "--out", out)
    assert status == 2
    assert "photographs would be mixed up with faces made of them; choose another folder with --out." in printed
    assert digests(tmp_path) == before


def test_photographs_in_a_folder_called_work_stay(people: Path, tmp_path: Path, data_prep: Callable) -> None:
    """What removed them once: the folder of photographs was taken for one of our own."""
    photos = tmp_path / "photos"
    photos.mkdir()
    people.rename(photos / "work")
    before = digests(photos)
    status, printed = data_prep("folder", "--source", photos / "work", "--out", photos, "--workers", 1)
    assert status == 2
    assert f"The output folder {photos} contains the source".lower() in printed.lower()
    assert digests(photos) == before


@COMMANDS
@pytest.mark.parametrize("name", NAMES)
def test_a_folder_with_a_file_of_the_users_is_refused(
    command: list[str | Path], name: str, tmp_path: Path, data_prep: Callable
) -> None:
    theirs = tmp_path / "out" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("years of work")
    status, printed = data_prep(*command, "--out", tmp_path / "out")
    assert status == 2
    assert "holds files that fdemd did not write there" in printed
    assert "choose another folder with --out" in printed
    assert list(digests(tmp_path / "out")) == [name]


def test_files_that_joined_a_prepared_folder_later_stay(pack: Path, tmp_path: Path, data_prep: Callable) -> None:
    out = tmp_path / "out"
    arguments = ["pack", "--source", pack, "--out", out, "--workers", 1]
    assert data_prep(*arguments)[0] == 0
    before = digests(out)
    (out / "work").mkdir()
    theirs = {"work/photo.jpg", "notes.txt", ".unpacked-mine/photo.jpg", "faces/letter.part"}
    for name in theirs:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("theirs")
    assert data_prep(*arguments)[0] == 0
    assert set(digests(out)) == set(before) | theirs


def test_copies_and_faces_have_folders_of_their_own(pack: Path, tmp_path: Path, data_prep: Callable) -> None:
    claim(tmp_path / "copies", COPIES)
    status, printed = data_prep("pack", "--source", pack, "--out", tmp_path / "copies", "--workers", 1)
    assert status == 2
    assert "holds copies of faces as queries; choose another folder with --out." in printed


def test_another_set_does_not_replace_a_prepared_one(
    pack: Path, people: Path, tmp_path: Path, data_prep: Callable
) -> None:
    out = tmp_path / "out"
    assert data_prep("pack", "--source", pack, "--out", out, "--workers", 1)[0] == 0
    before = digests(out)
    status, printed = data_prep("folder", "--source", people, "--out", out, "--workers", 1)
    assert status == 2
    assert (
        f"{out} holds the prepared faces of pack, whose manifest those of folder would replace; "
        "choose another folder with --out." in printed
    )
    assert digests(out) == before


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"set": null}'])
def test_a_report_that_names_no_set_is_replaced(report: str, pack: Path, tmp_path: Path, data_prep: Callable) -> None:
    out = tmp_path / "out"
    arguments = ["pack", "--source", pack, "--out", out, "--workers", 1]
    assert data_prep(*arguments)[0] == 0
    before = digests(out)
    (out / "report.json").write_text(report)
    assert data_prep(*arguments)[0] == 0
    assert digests(out) == before


def test_the_own_gallery_is_no_place_for_queries_of_it(lfw: Path, lfw_tar: Path, data_prep: Callable) -> None:
    before = digests(lfw)
    gallery = lfw / "manifest.csv"
    status, printed = data_prep("talfw", "--source", lfw_tar, "--out", lfw, "--gallery", gallery, "--template", "dlib")
    assert status == 2
    assert f"is the source {lfw}" in printed
    assert digests(lfw) == before


@pytest.mark.parametrize("mark", [None, "", "{", "\0"])
def test_a_folder_that_was_prepared_before_there_were_marks_goes_on(
    mark: str | None, pack: Path, tmp_path: Path, data_prep: Callable
) -> None:
    out = tmp_path / "out"
    arguments = ["pack", "--source", pack, "--out", out, "--workers", 1]
    assert data_prep(*arguments)[0] == 0
    before = digests(out)
    (out / MARK).unlink()
    if mark is not None:
        (out / MARK).write_text(mark)
    status, printed = data_prep(*arguments)
    assert status == 0
    assert "0 photographs read" in printed
    assert digests(out) == before


@pytest.mark.parametrize("first", ["", "{}", '{"template": "dlib"}', "[1, 2]", '{"made by": "somebody"}'])
def test_a_journal_of_somebody_else_makes_no_folder_ours(
    first: str, pack: Path, tmp_path: Path, data_prep: Callable
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "journal.jsonl").write_text(f"{first}\n")
    assert data_prep("pack", "--source", pack, "--out", tmp_path / "out", "--workers", 1)[0] == 2
    assert (tmp_path / "out" / "journal.jsonl").read_text() == f"{first}\n"


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    claim(tmp_path, FACES)
    (tmp_path / "faces").mkdir()
    ours, theirs = tmp_path / "faces" / f".{'0a' * 8}.part", tmp_path / "faces" / ".0a.part"
    ours.touch()
    theirs.touch()
    with output_folder(tmp_path, FACES):
        assert not ours.exists() and theirs.exists()
        with work_folder(tmp_path) as killed:
            (killed / "lfw.tgz.expanded").touch()
            kept = killed.rename(tmp_path / f"{killed.name}-of-a-killed-run")
        with work_folder(tmp_path) as work:
            assert work.is_dir() and not kept.exists()
        assert not work.exists()


def test_two_runs_at_once_do_not_share_a_folder(pack: Path, tmp_path: Path, data_prep: Callable) -> None:
    out = tmp_path / "out"
    script = (
        "import sys; from pathlib import Path; from data_prep.output import FACES, output_folder\n"
        "with output_folder(Path(sys.argv[1]), FACES): print(flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(out)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "\n"
        status, printed = data_prep("pack", "--source", pack, "--out", out, "--workers", 1)
        assert status == 2
        assert (
            f"another run is at work in {out}; wait until it has ended, or choose another folder with --out." in printed
        )
        other.kill()
    assert data_prep("pack", "--source", pack, "--out", out, "--workers", 1)[0] == 0
    assert is_marked(out, FACES)


def test_a_folder_that_cannot_be_taken_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = pytest.raises(InputError, match=r"file cannot be written \(.*\); choose another folder with --out\.")
    with told, output_folder(tmp_path / "file", FACES):
        pass


UNREADABLE = {
    "--source, a folder": ["folder", "--source", "secret", "--out", "out"],
    "--source, a file": ["lfw", "--source", "secret.tar", "--out", "out"],
    "--source, in a folder": ["lfw", "--source", "secret/lfw.tar", "--out", "out"],
    "--out": ["pack", "--source", "some.bin", "--out", "secret"],
    "--out, in a folder": ["pack", "--source", "some.bin", "--out", "secret/out"],
    "--gallery": ["talfw", "--source", "some.bin", "--out", "out", "--gallery", "secret/manifest.csv"],
    "--against": ["pack", "--source", "some.bin", "--out", "out", "--against", "secret/manifest.csv"],
    "--exclude": ["pack", "--source", "some.bin", "--out", "out", "--exclude", "secret/people.txt"],
    "MANIFEST of mask": ["mask", "secret/manifest.csv", "--out", "out"],
    "MANIFEST of verify": ["verify", "secret/manifest.csv"],
}


def test_places_that_may_not_be_read_are_told_in_a_sentence(
    pack: Path, tmp_path: Path, as_other_user: list[str]
) -> None:
    secret, file = tmp_path / "secret", tmp_path / "secret.tar"
    secret.mkdir(mode=0o000)
    file.touch(mode=0o000)
    script = (
        "import json, sys; from data_prep.__main__ import main\n"
        "for arguments in json.loads(sys.argv[1]): print(main(arguments), file=sys.stderr)"
    )
    commands = [
        [str(tmp_path / word) if word.startswith(("secret", "out", "some")) else word for word in words]
        for words in UNREADABLE.values()
    ]
    try:
        told = subprocess.run(
            [*as_other_user, sys.executable, "-c", script, json.dumps(commands)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        secret.chmod(0o700)
    lines = told.stderr.splitlines()
    assert lines[1::2] == ["2"] * len(commands)
    for what, sentence in zip(UNREADABLE, lines[::2], strict=True):
        assert sentence.startswith("data_prep: "), what
        assert "cannot be" in sentence and "Permission denied" in sentence and str(secret) in sentence, (what, sentence)
