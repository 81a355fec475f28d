"""The Trainer of a run is what its settings say."""

from pathlib import Path

import pytest

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.runs.loggers import RunLog
from fdemd.settings.running import TrainingTrainer
from fdemd.training.trainer import RankedTable, build_trainer, process_rank, state_checkpoint


def section(*words: str) -> TrainingTrainer:
    """The section ``trainer`` of a training with these words on its command line."""
    (point,) = plan("train", ["trainer=cpu", *words], CONFIG_DIR)
    return point.settings.trainer


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    """The log of a run without loggers."""
    return RunLog(tmp_path, [], images=False)


def test_steps_of_the_optimizer_are_counted_not_batches(log: RunLog) -> None:
    words = ["trainer.accumulate_grad_batches=3", "trainer.save_every=7", "trainer.max_steps=20"]
    trainer = build_trainer(section(*words), log, validate_every=5)
    assert trainer.val_check_interval == 15
    assert trainer.max_steps == 20
    assert state_checkpoint(trainer).save_every == 7
    assert state_checkpoint(trainer).folder == log.folder / "checkpoints"


@pytest.mark.parametrize("validate_every", [None, 5])
def test_only_a_validated_run_shows_whom_queries_were_taken_for(log: RunLog, validate_every: int | None) -> None:
    trainer = build_trainer(section(), log, validate_every=validate_every)
    shown = [callback for callback in trainer.callbacks if isinstance(callback, RankedTable)]  # type: ignore[attr-defined]
    assert len(shown) == (validate_every is not None)
    assert trainer.limit_val_batches == (1.0 if validate_every else 0)


def test_a_device_that_is_not_there_is_told(log: RunLog) -> None:
    with pytest.raises(InputError, match=r"The trainer cannot be set up: .*abacus"):
        build_trainer(section("trainer.accelerator=abacus"), log, validate_every=None)


def test_a_process_that_is_alone_is_the_first() -> None:
    assert process_rank() == 0
