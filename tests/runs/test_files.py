"""Folders of runs: never shared, never left behind empty, never elsewhere; files that are whole or not there."""

import csv
import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from fdemd.errors import InputError
from fdemd.runs.files import (
    LEFT_OUT_FILES,
    make_folder,
    read_left_out,
    run_folder,
    versions,
    write_csv,
    write_figure,
    write_json,
    write_left_out,
    write_table,
    write_yaml,
)


def test_two_runs_at_once_get_two_folders(tmp_path: Path) -> None:
    with run_folder(tmp_path, "dlib-orl") as one, run_folder(tmp_path, "dlib-orl") as other:
        (one / "a").touch()
        (other / "b").touch()
    assert one != other
    assert one.is_dir()
    assert other.is_dir()


def test_a_run_that_fails_before_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), run_folder(tmp_path / "out", "x"):
        raise RuntimeError
    assert not any((tmp_path / "out").iterdir())


def test_an_output_that_is_a_file_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="output=PATH"), run_folder(tmp_path / "file", "x"):
        pass


def test_an_output_that_is_a_link_to_nothing_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "no disk")
    with pytest.raises(InputError, match=r"link is a link to nothing; choose another folder with output=PATH"):
        run_folder(tmp_path / "link", "x").__enter__()
    with pytest.raises(InputError, match=r"link/out would lie in .*link, which is a link to nothing; choose another"):
        run_folder(tmp_path / "link" / "out", "x").__enter__()


def test_a_quota_that_is_used_up_is_reported(tmp_path: Path) -> None:
    """The disk itself has room."""
    with (
        pytest.raises(InputError, match=r"out/.*_x cannot be written"),
        run_folder(tmp_path / "out", "x"),
    ):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


def test_versions_name_what_decides_results() -> None:
    assert {"python", "fdemd", "torch", "dlib-bin", "opencv-python-headless"} <= versions().keys()


@pytest.mark.parametrize("name", ["../../x", "/x", "a/../../x", "a\\x", "a\x1b[2J", "a\nb", "a\0"])
def test_a_name_from_settings_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "a" / "b"
    with (
        pytest.raises(InputError, match=r"cannot be part of the name of a folder.*study\.name"),
        run_folder(inner, name),
    ):
        pytest.fail("a folder was made")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("name", ["dlib-orl", "José (2)", "a & b #3 = ~", "..", "$x$"])
def test_other_names_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    with run_folder(tmp_path, name) as folder:
        assert folder.name.endswith(f"_{name}") and folder.parent == tmp_path


def test_a_disk_without_room_is_told_before_the_work(small_disk: Callable[[int], Path]) -> None:
    disk = small_disk(1)
    told = pytest.raises(InputError, match=r"no room for the results: 4\.2 MB are needed and .* free; choose another")
    with told, run_folder(disk, "x"):
        pytest.fail("the work was begun")
    assert list(disk.iterdir()) == []
    with pytest.raises(InputError, match="--out DIR"):
        make_folder(disk / "results", "choose another with --out DIR")


WRITERS: dict[str, Callable[[Path], None]] = {
    "json": lambda path: write_json(path, {"a": "x" * 2**21}),
    "yaml": lambda path: write_yaml(path, {"a": "x" * 2**21}),
    "csv": lambda path: write_csv(path, [{"a": "x" * 2**21}]),
    "table": lambda path: write_table(path, (["x" * 1000] for _ in range(3000))),
    "left_out": lambda path: write_left_out(path, [("x" * 2**21, "unreadable", "")]),
    "png": lambda path: write_figure(path, Figure(figsize=(40, 40)), dpi=300),
    "svg": lambda path: write_figure(path, _lines(20_000)),
}


def _lines(count: int) -> Figure:
    figure = Figure()
    figure.subplots().plot([(7 * x) % 11 + x / 3 for x in range(count)], marker=".")
    return figure


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_a_sentence_and_leaves_the_old_file(small_disk: Callable[[int], Path], kind: str) -> None:
    path = small_disk(1) / f"file.{kind if kind in ('png', 'svg') else 'txt'}"
    path.write_text("old")
    (path.parent / "filler").write_bytes(bytes(2**20 - 2**14))
    with pytest.raises(InputError, match=r"^The disk is full: .* cannot be written; make room\.$"):
        WRITERS[kind](path)
    assert path.read_text() == "old"
    assert {each.name for each in path.parent.iterdir()} == {path.name, "filler"}


def test_no_column_is_dropped(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^a\.csv has no column for P@1, which the first row lacks\.$"):
        write_csv(tmp_path / "a.csv", [{"query": "clean"}, {"query": "mask", "P@1": 0.5}])
    assert not (tmp_path / "a.csv").exists()
    write_csv(tmp_path / "a.csv", [{"query": "mask", "P@1": 0.5}, {"query": "clean"}])
    assert (tmp_path / "a.csv").read_text().splitlines() == ["query,P@1", "mask,0.5", "clean,"]


def test_tables_are_safe_to_open_in_a_spreadsheet_and_on_a_terminal(tmp_path: Path) -> None:
    write_left_out(tmp_path / "left_out.csv", [("=1+1.png", "unreadable", "\x1b[2J")])
    with (tmp_path / "left_out.csv").open(newline="") as file:
        assert list(csv.reader(file))[1] == ["'=1+1.png", "unreadable", r"\x1b[2J"]


@pytest.mark.parametrize("name", ["Ann/1.jpg", "=1+1.png", "'-Ann/1.jpg", "\x1b[2J", "Ann/\udcff.jpg"])
def test_what_was_left_out_is_read_back_as_it_is_called(tmp_path: Path, name: str) -> None:
    write_json(tmp_path / "results.json", {LEFT_OUT_FILES: [(name, "unreadable", "damaged")]})
    assert read_left_out(tmp_path / "results.json") == [(name, "unreadable", "damaged")]


def test_results_that_do_not_say_what_was_left_out_are_a_sentence(tmp_path: Path) -> None:
    write_json(tmp_path / "results.json", {"seed": 0})
    with pytest.raises(InputError, match=r"results\.json does not say which files were left out"):
        read_left_out(tmp_path / "results.json")
