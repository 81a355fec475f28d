"""The benchmark of training: that both loops do the same steps, and what its command prints and writes."""

import json
from pathlib import Path

import pytest
import torch

from fdemd.bench.__main__ import main


def test_the_command_prints_two_tables_and_writes_the_figures(
    training_words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    file, threads = tmp_path / "speed.json", torch.get_num_threads()
    options = ["--people", "9", "--seconds", "0.01", "--threads", str(threads), "--workers", "0", "1"]
    sweep = ["trainer.precision=32-true,bf16-mixed"]
    assert main(["training", *training_words, *sweep, *options, "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "9 people" in printed and "bare loop" in printed and "Data loader alone" in printed
    written = json.loads(file.read_text())
    assert [step["precision"] for step in written["steps"]] == ["32-true", "bf16-mixed"]
    for step in written["steps"]:
        assert (step["model"], step["device"], step["batch"], step["people"]) == ("timm", "cpu", 4, 9)
        assert min(step["images_per_second"], step["bare_images_per_second"], step["ratio"]) > 0
        assert step["rounds"] >= 5
    assert [(each["faces"], each["workers"]) for each in written["loading"]] == [("32x32", 0), ("32x32", 1)] * 2
    assert all(each["images_per_second"] > 0 for each in written["loading"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--people", "4"], "bench: --people is 4, but the data have 5; it must be at least that."),
        (["--seconds", "0"], "bench: --seconds is 0.0; it must be above 0."),
        (["--workers", "-1"], "bench: --workers must be 0"),
        (["trainer.precision=16-mixed"], "bench: the bare loop has trainer.precision=32-true and bf16-mixed, not 16"),
        (["modle=dlib"], "bench: unknown key 'modle' (did you mean model?)"),
        (["--json", "nowhere/speed.json"], "bench: the folder of --json nowhere/speed.json does not exist"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    training_words: list[str], words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["training", *training_words, *words, "--threads", str(torch.get_num_threads())]) == 2
    assert capsys.readouterr().err.startswith(sentence)
