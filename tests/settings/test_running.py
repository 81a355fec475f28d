"""Sections ``trainer`` and ``logger``: what they refuse, in a sentence."""

import pytest

from fdemd.errors import InputError
from fdemd.settings.checking import check_settings
from fdemd.settings.running import Trainer
from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("logger=wandb logger.tags=[5]", "logger.tags[0] takes text, not the number 5; put it in quotes: '5'."),
        ("trainer.precision=64-true", "unknown trainer.precision '64-true' (did you mean 32-true?)"),
    ],
)
def test_a_wrong_setting_is_told(line: str, sentence: str, told: Told) -> None:
    assert told("evaluate", line).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("trainer.max_steps=0", "trainer.max_steps is 0; nothing would be trained."),
        ("trainer.max_steps=-1", "the run would never end"),
        ("trainer.precision=8", "unknown trainer.precision '8'"),
        ("trainer.precision=16-true", "unknown trainer.precision '16-true' (did you mean 32-true?); choose one of 16-"),
        ("trainer.precision=bf16-true", "unknown trainer.precision 'bf16-true' (did you mean bf16-mixed?)"),
        ("trainer.precision=64-true", "unknown trainer.precision '64-true' (did you mean 32-true?)"),
        ("trainer.precision=16", "unknown trainer.precision '16'"),
        ("trainer.gradient_clip_val=-1", "trainer.gradient_clip_val is -1; it must be 0 (no limit) or above."),
        ("logger.kind=x", "logger.kind belongs to the choice of logger; write logger=CHOICE instead."),
    ],
)
def test_a_wrong_setting_is_told_to_a_training(line: str, sentence: str, told: Told) -> None:
    assert told("train", line).startswith(sentence)


@pytest.mark.parametrize("devices", [2, [0, 3], "auto"])
def test_devices_are_a_number_a_list_or_auto(devices: object) -> None:
    assert Trainer(accelerator="cpu", precision="32-true", devices=devices).devices == devices


@pytest.mark.parametrize("devices", [1.5, True, [], [0, 0.5], None])
def test_devices_are_nothing_else(devices: object) -> None:
    with pytest.raises(InputError, match="devices takes a number of devices, a list of theirs, or auto"):
        check_settings(Trainer, {"accelerator": "cpu", "precision": "32-true", "devices": devices})
