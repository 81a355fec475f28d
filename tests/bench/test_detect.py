"""The benchmark of the detectors: eyes are compared in the photograph's own pixels, and what the command writes."""

import json
from pathlib import Path

import numpy as np
import pytest

from fdemd.bench.__main__ import main
from fdemd.bench.archive import Photo
from fdemd.bench.detect import Pictures, Result, _result, _turned_back, is_wrong
from fdemd.data.sources import orl_manifest

SOME = Pictures("two", (Photo(Path("a.jpg"), "a"), Photo(Path("b.jpg"), "b")))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_points_are_turned_back_into_the_photograph(turns: int) -> None:
    picture = np.zeros((20, 30))
    picture[4, 7] = 1
    y, x = np.argwhere(np.rot90(picture, turns))[0]
    assert _turned_back(np.array([[x, y]], float), turns, 20, 30).tolist() == [[7, 4]]


def test_the_transform_is_that_of_the_picture() -> None:
    photograph = Photo(orl_manifest().root / "s1/1.pgm", "1")
    ((plain, still),) = Pictures("", (photograph,))
    ((turned, move),) = Pictures("", (photograph,), degrees=90)
    assert np.allclose(still, [[1, 0, 0], [0, 1, 0]])
    x, y = move @ (46, 60, 1)
    assert np.abs(turned[round(y), round(x)].astype(int) - plain[60, 46]).max() <= 8


def test_eyes_elsewhere_or_upside_down_are_wrong() -> None:
    eyes = np.array([(10.0, 10.0), (20.0, 10.0)])
    assert not is_wrong(eyes + 3, eyes)
    assert is_wrong(eyes + 4, eyes)
    assert is_wrong(eyes[::-1], eyes)


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
