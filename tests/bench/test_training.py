"""The benchmark of training: that both loops do the same steps, and what its command prints and writes."""

import copy
import json
from itertools import islice
from pathlib import Path

import pytest
import torch

from fdemd.bench.__main__ import main
from fdemd.bench.loading import align_training_data, endless_loader
from fdemd.bench.step import Turns, bare_step, new_training
from fdemd.bench.training import SETTINGS
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.runs.loggers import open_log
from fdemd.training.trainer import build_trainer


@pytest.fixture
def settings(few_people: Path) -> list[str]:
    """A small network, and five people with four photographs each."""
    network = ["model=timm", "model.name=test_resnet", "model.face_size=[32,32]"]
    return [*network, "data=folder", f"data.root='{few_people}'", "data.batch_size=4", "trainer=cpu"]


def test_both_loops_do_the_same_steps(settings: list[str], tmp_path: Path) -> None:
    """They end with the same weights and batch statistics, far from those of the start."""
    plain = ["optimizer.schedule=constant", "optimizer.warmup=0", "trainer.gradient_clip_val=0.5"]
    (point,) = plan("train", [*SETTINGS, *settings, *plain], CONFIG_DIR)
    data = align_training_data(point.settings)
    module = new_training(point.settings, people=7)
    batch = next(iter(endless_loader(data, workers=0)))
    start, bare = copy.deepcopy(module), copy.deepcopy(module)
    turns = Turns(data, batch, bare_step(bare, batch, point.settings), torch.device("cpu"), seconds=0)
    with open_log(point.settings.logger, tmp_path, "train", {}) as log:
        build_trainer(point.settings.trainer, log, validate_every=None).fit(module, turns)
    assert len(turns.rounds) == 5
    trained, expected = module.state_dict(), bare.state_dict()
    for name, value in trained.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6)
    for name in ("backbone.trunk.conv1.0.weight", "criterion.head.weight"):
        assert (trained[name] - start.state_dict()[name]).abs().max() > 1e-4


def test_the_loader_visits_every_face_before_any_comes_again(settings: list[str]) -> None:
    (point,) = plan("train", [*SETTINGS, *settings, "data.mask_share=0.5"], CONFIG_DIR)
    batches = list(islice(endless_loader(align_training_data(point.settings), workers=0), 10))
    rows = torch.cat([batch["row"] for batch in batches]).tolist()
    assert rows == [*range(20), *range(20)]
    first, second = (torch.cat([batch["face"] for batch in batches[half]]) for half in (slice(5), slice(5, 10)))
    assert (first != second).any(), "masked or mirrored otherwise at another visit"


def test_the_command_prints_two_tables_and_writes_the_figures(
    settings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    file, threads = tmp_path / "speed.json", torch.get_num_threads()
    options = ["--people", "9", "--seconds", "0.01", "--threads", str(threads), "--workers", "0", "1"]
    sweep = ["trainer.precision=32-true,bf16-mixed"]
    assert main(["training", *settings, *sweep, *options, "--json", str(file)]) == 0
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
    settings: list[str], words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["training", *settings, *words, "--threads", str(torch.get_num_threads())]) == 2
    assert capsys.readouterr().err.startswith(sentence)
