"""Every Trainer is made quiet, and what it cannot do is told as a sentence."""

import pytest

from fdemd.errors import InputError
from fdemd.runs.trainer import create_trainer


@pytest.mark.parametrize("wrong", [{"accelerator": "abacus"}, {"precision": "3-bit"}, {"strategy": "none such"}])
def test_what_cannot_be_set_up_is_told(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"^The trainer cannot be set up: "):
        create_trainer(**{"accelerator": "cpu", "logger": False} | wrong)


def test_it_keeps_no_checkpoints_of_its_own() -> None:
    assert not create_trainer(accelerator="cpu", logger=False).checkpoint_callbacks
