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
    assert main([command, *(["a"] if command in ("identify", "remove") else [])]) == 2
    assert capsys.readouterr().err == "gallery: there is no gallery people.db; enrol somebody first.\n"
    assert list(tmp_path.iterdir()) == []


def test_help_needs_no_torch() -> None:
    program = "import sys; from fdemd.gallery.command import parser; parser(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
