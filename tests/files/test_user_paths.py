import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.cli.words import is_path
from fdemd.errors import InputError
from fdemd.files.user_paths import check_file, check_folder, expand_home


def test_a_home_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert expand_home("~/faces") == Path("/home/somebody/faces")
    assert expand_home("~root/faces") == Path(pwd.getpwnam("root").pw_dir, "faces")
    assert expand_home("faces/~") == expand_home(Path("faces/~")) == Path("faces/~")


@pytest.mark.parametrize("empty", [True, False])
def test_without_the_variable_it_is_that_of_the_account(monkeypatch: pytest.MonkeyPatch, empty: bool) -> None:
    if empty:
        monkeypatch.setenv("HOME", "")
    else:
        monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert expand_home("~/faces") == Path(pwd.getpwuid(0).pw_dir, "faces")


def test_a_home_folder_that_is_not_there_is_reported() -> None:
    with pytest.raises(InputError) as error:
        expand_home("~nosuchuser/faces")
    assert str(error.value) == (
        "~nosuchuser/faces begins with ~nosuchuser, and there is no such home folder; give the whole path."
    )
    assert not is_path("~nosuchuser/a,b"), "a list of values, then"


@pytest.mark.parametrize(
    "setting",
    [
        "data=lfw_pairs data.pairs=~nosuchuser/pairs.txt",
        "align=ida align.manifest=~nosuchuser/a.csv",
        "data.cache=~nosuchuser/cache",
    ],
)
def test_every_setting_that_is_a_path_tells_it(run_evaluate, few_people: Path, setting: str) -> None:
    data = [] if "data=" in setting else ["data=folder", f"data.root='{few_people}'"]
    status, printed, _ = run_evaluate(*data, *setting.split())
    assert status == 2
    assert "no such home folder" in printed.replace("\n", " ")
    assert "Traceback" not in printed


def test_what_is_there_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "a b's.csv"
    file.touch()
    assert check_file(file, "The manifest") == file
    assert check_folder(tmp_path, "The folder") == tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", r"The manifest .*missing does not exist; give it with data.manifest=PATH\."),
        ("folder", r"The manifest .*folder is a folder, not a file; give it"),
        ("pipe", r"The manifest .*pipe is not an ordinary file; give it"),
        ("/dev/zero", r"The manifest /dev/zero is not an ordinary file; give it"),
        ("loop", r"The manifest .*loop cannot be read \(Too many levels of symbolic links\)"),
        ("x" * 300, r"cannot be read \(File name too long\)"),
        ("nul\0", r"cannot be read \(embedded null byte\)"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=said):
        check_file(tmp_path / name, "The manifest", "give it with data.manifest=PATH")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"The data folder .*file is a file, not a folder\."):
        check_folder(tmp_path / "file", "The data folder")


def test_what_may_not_be_read_is_told_to_another_user(tmp_path: Path, as_other_user: list[str]) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").touch()
    (tmp_path / "file").touch(mode=0o000)
    (tmp_path / "closed").chmod(0o000)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from fdemd.cli.exit_status import exit_status\n"
        "from fdemd.files.user_paths import check_file, check_folder\n"
        "check = check_folder if sys.argv[1] == 'closed' else check_file\n"
        "sys.exit(exit_status('test', lambda: check(Path(sys.argv[1]), 'The file')))\n"
    )
    try:
        for name in ("closed", "closed/file", "file"):
            command = [*as_other_user, sys.executable, "-c", program, name]
            root = str(Path(__file__).resolve().parents[2])
            done = subprocess.run(
                command, cwd=tmp_path, env={"PYTHONPATH": root}, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (
                2,
                f"test: the file {name} cannot be read (Permission denied).\n",
            )
    finally:
        (tmp_path / "closed").chmod(0o755)
