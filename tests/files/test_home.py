import pwd
from pathlib import Path

import pytest

from fdemd.cli.overrides import _is_path
from fdemd.errors import InputError
from fdemd.files.home import expanded


def test_a_home_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert expanded("~/faces") == Path("/home/somebody/faces")
    assert expanded("~root/faces") == Path(pwd.getpwnam("root").pw_dir, "faces")
    assert expanded("faces/~") == expanded(Path("faces/~")) == Path("faces/~")


@pytest.mark.parametrize("empty", [True, False])
def test_without_the_variable_it_is_that_of_the_account(monkeypatch: pytest.MonkeyPatch, empty: bool) -> None:
    if empty:
        monkeypatch.setenv("HOME", "")
    else:
        monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert expanded("~/faces") == Path(pwd.getpwuid(0).pw_dir, "faces")


def test_a_home_folder_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError) as error:
        expanded("~nosuchuser/faces")
    assert str(error.value) == (
        "~nosuchuser/faces begins with ~nosuchuser, and there is no such home folder; give the whole path."
    )
    assert not _is_path("~nosuchuser/a,b"), "a list of values, then"


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
