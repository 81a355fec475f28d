"""``fdemd gallery`` as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.gallery.command import main


@pytest.mark.parametrize("words", [[], ["enroll"], ["enrol"], ["remove"], ["identify", "a.jpg", "--worn", "hat"]])
def test_a_mistake_ends_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: fdemd gallery")


@pytest.mark.parametrize("command", ["list", "check", "identify", "remove"])
def test_without_a_gallery_nothing_is_made(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FDEMD_GALLERY", raising=False)
    words = {"identify": [__file__], "remove": ["a"]}
    assert main([command, *words.get(command, [])]) == 2
    assert capsys.readouterr().err == "gallery: there is no gallery people.db; enrol somebody first.\n"
    assert list(tmp_path.iterdir()) == []


def test_an_option_that_a_command_has_not_is_told_with_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["identify", "a.jpg", "--colour", "red"])
    said = capsys.readouterr().err
    assert said.startswith("usage: fdemd gallery identify") and "unrecognized arguments: --colour red" in said


@pytest.mark.parametrize("command", ["enrol", "identify"])
def test_a_path_that_is_not_there_is_told_before_torch_is_imported(command: str) -> None:
    program = "import sys; from fdemd.gallery.command import main; print(main(sys.argv[1:]), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, command, "nowhere/a.jpg"], capture_output=True, text=True)
    assert done.stdout == "2 False\n"
    assert done.stderr == "gallery: nowhere/a.jpg does not exist; name a photograph or a folder that is there.\n"


def test_help_needs_no_torch() -> None:
    program = "import sys; from fdemd.gallery.command import parser; parser(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
