"""Both loops of the benchmark do the same steps."""

import copy
from pathlib import Path

import torch

from fdemd.bench.loading import align_training_data, endless_loader
from fdemd.bench.step import Turns, bare_step, new_training
from fdemd.bench.training import SETTINGS
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.runs.loggers import open_log
from fdemd.training.trainer import build_trainer


def test_both_loops_do_the_same_steps(training_words: list[str], tmp_path: Path) -> None:
    """They end with the same weights and batch statistics, far from those of the start."""
    plain = ["optimizer.schedule=constant", "optimizer.warmup=0", "trainer.gradient_clip_val=0.5"]
    (point,) = plan("train", [*SETTINGS, *training_words, *plain], CONFIG_DIR)
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
