"""Every kind of query that needs no network can be made ahead as files, with its settings as options."""

import sys
from pathlib import Path

import pytest

from data_prep.__main__ import main
from data_prep.query_kinds import REQUIRED, copied_kinds, default_settings
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.faces.queries import QUERY_KINDS
from tests.plugins import write_package

MODULE = """
import albumentations

def mirrored(size, *, share: float, twice: list[int] = [1, 2]):
    return [albumentations.HorizontalFlip(p=share)]
"""


@pytest.fixture
def manifest(people: Path, tmp_path: Path) -> Path:
    path = people / "manifest.csv"
    write_manifest(folder_manifest(people), path)
    return path


@pytest.fixture
def mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in, for one test."""
    entry_points = {"queries": {"my_mirror": "mirrored"}}
    monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", MODULE, entry_points))
    monkeypatch.delitem(sys.modules, "plugged_in", raising=False)


def test_they_are_all_kinds_but_the_untouched_face() -> None:
    assert set(copied_kinds()) == set(QUERY_KINDS) - {"clean"}


def test_a_setting_is_an_option(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["rotate", str(manifest), "--out", str(out), "--workers", "1", "--share", "0.1", "--degrees", "10", "20.5"]
    assert main(words) == 0
    assert any(row.is_query for row in read_manifest(out / "rotate.csv").photographs)
    assert '"degrees": [10, 20.5]' in (out / "rotate.jsonl").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("kind", "option", "sentence"),
    [
        ("crop", ["--side", "2"], "query.crop.side is 2;"),
        ("crop", ["--side", "a: [b"], "query.crop.side takes a number, not 'a: [b'"),
        ("rotate", ["--degrees", "5"], "query.rotate.degrees is [5];"),
    ],
)
def test_a_setting_is_checked_as_in_an_evaluation(
    kind: str, option: list[str], sentence: str, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([kind, str(manifest), "--out", str(tmp_path / "out"), *option]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.usefixtures("mirrored")
def test_a_plug_in_is_a_kind_with_the_settings_of_its_signature(manifest: Path, tmp_path: Path) -> None:
    assert copied_kinds()[-1] == "my_mirror"
    assert default_settings("my_mirror") == {"share": REQUIRED, "twice": [1, 2]}
    out = tmp_path / "out"
    common = ["my_mirror", str(manifest), "--out", str(out), "--workers", "1"]
    with pytest.raises(SystemExit):
        main(common)
    assert main([*common, "--query.my_mirror.share", "1", "--share", "0.1"]) == 0, "the second is of the photographs"


@pytest.mark.usefixtures("mirrored")
def test_an_edited_plug_in_does_not_go_on_with_the_pictures_of_the_old_one(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["my_mirror", str(manifest), "--out", str(out), "--workers", "1", "--query.my_mirror.share", "1"]
    assert main(words) == 0
    (tmp_path / "site-packages" / "plugged_in.py").write_text(MODULE.replace("HorizontalFlip", "VerticalFlip"))
    assert main(words) == 2
    assert "prepared otherwise" in capsys.readouterr().err
