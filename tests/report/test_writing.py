"""The files that every run leaves behind."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from fdemd.report.table import Table
from fdemd.report.writing import publish, rounded_seconds
from fdemd.settings.networks import DlibNetwork

SETTINGS = DlibNetwork(backbone="dlib", grid=4)
ROWS = [{"query": "mask", "P@1": 98.25}]
TABLES = [Table("one", [{"P@1": "98.2"}]), Table("two", [{"P@1": "98.2"}])]


def test_a_run_leaves_tables_rows_facts_settings_and_what_was_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = [("a.jpg", "unreadable", "it is empty")]
    publish(tmp_path, SETTINGS, tables=TABLES, rows=ROWS, facts={"seed": 0}, left_out=left_out)
    printed = capsys.readouterr().out
    assert "one" in printed and "two" in printed
    assert (tmp_path / "results.md").read_text().count("### ") == 2
    assert list(csv.DictReader((tmp_path / "results.csv").open())) == [{"query": "mask", "P@1": "98.25"}]
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == {"backbone": "dlib", "grid": 4}
    assert "a.jpg,unreadable,it is empty" in (tmp_path / "left_out.csv").read_text()
    facts = json.loads((tmp_path / "results.json").read_text())
    assert (facts["seed"], facts["results"]) == (0, ROWS)
    assert "T" in facts["written"] and "torch" in facts["versions"]


def test_files_may_have_another_name_and_none_is_written_for_nothing(tmp_path: Path) -> None:
    publish(tmp_path, SETTINGS, tables=TABLES, rows=[], facts={}, name="table4")
    assert {path.name for path in tmp_path.iterdir()} == {"table4.md", "table4.json", "config.yaml"}


def test_seconds_have_two_digits() -> None:
    assert rounded_seconds({"embed": 1.23456}) == {"embed": 1.23}
