"""The benchmark of the detectors: shares of the pictures, and what the command writes."""

import json
from pathlib import Path

import numpy as np
import pytest

from fdemd.bench.__main__ import main
from fdemd.bench.archive import Photo
from fdemd.bench.detect import Result, _result
from fdemd.bench.detect_pictures import Pictures
from fdemd.data.sources import orl_manifest

SOME = Pictures("two", (Photo(Path("a.jpg"), "a"), Photo(Path("b.jpg"), "b")))


def test_shares_are_of_all_pictures_and_of_those_found() -> None:
    eyes = np.array([(10.0, 10.0), (20.0, 10.0)])
    assert _result("one", SOME, [eyes, None], [eyes, eyes], 5.0, 7) == Result("two", "one", 2, 0.5, 0.0, 5.0, 7)
    assert _result("one", SOME, [eyes, eyes], [eyes, eyes + 9], 5.0, 7) == Result("two", "one", 2, 1.0, 0.5, 5.0, 7)


def test_the_command_prints_a_table_and_writes_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["detect", "yunet", "--sample", "3", "--only", "s2"]
    arguments += ["--photographs", str(orl_manifest().root / "s2")]
    assert main([*arguments, "--json", str(tmp_path / "d.json")]) == 0
    assert "found %" in capsys.readouterr().out
    results = json.loads((tmp_path / "d.json").read_text())["results"]
    assert [(row["pictures"], row["detector"]) for row in results] == [("s2", "yunet")]
    for row in results:
        assert (row["photographs"], row["found"], row["wrong"]) == (3, 1, 0)
        assert row["photographs_per_second"] > 0 and row["memory"] > 1e7


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["yunt"], "unknown detector 'yunt'"),
        (["--sample", "0"], "--sample is 0"),
        (["--only", "LFW"], "unknown set 'LFW'; choose one of AT&T"),
        (["--photographs", "nowhere"], "nowhere"),
        (["--lfw", "nowhere.tar"], "nowhere.tar"),
        (["--json", "nowhere/a.json"], "--json nowhere/a.json"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", *options]) == 2
    assert sentence in capsys.readouterr().err
