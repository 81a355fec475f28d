"""The trainer of an evaluation runs in one process on the device and in the precision asked for."""

from typing import Any

import pytest

from fdemd.embedding.trainer import single_device_trainer
from fdemd.errors import InputError
from fdemd.runs.embedding_progress import EmbeddingProgress
from fdemd.settings import running


def asked(**values: Any) -> running.Trainer:
    return running.Trainer(**{"accelerator": "cpu", "precision": "32-true", **values})


def test_one_process_whatever_a_training_would_use() -> None:
    """Ranking needs every feature in one place."""
    trainer = single_device_trainer(asked(devices=2))
    assert (trainer.world_size, trainer.num_devices) == (1, 1)
    assert trainer.strategy.root_device.type == "cpu"
    assert trainer.logger is None


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_precision_is_that_of_the_settings(precision: str) -> None:
    assert single_device_trainer(asked(precision=precision)).precision == precision


def test_progress_is_shown_unless_it_is_not_wanted() -> None:
    for show in (True, False):
        trainer = single_device_trainer(asked(), show_progress=show)
        assert any(isinstance(each, EmbeddingProgress) for each in trainer.callbacks) == show


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match="The trainer cannot be set up"):
        single_device_trainer(asked(accelerator="abacus"))
