"""A state that this very training could not have saved is refused before any of it is used."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from fdemd.checkpoints.training_state import PlainCheckpoints, read_state
from fdemd.jobs.finetune import Finetuned

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda state: state.pop("optimizer_states"), "lacks the state of one optimizer"),
        (lambda state: state.pop("lr_schedulers"), "lacks lr_schedulers"),
        (lambda state: state["loops"].pop("fit_loop"), "lacks fit_loop"),
        (lambda state: state["fdemd"].pop("people"), "does not say of which run it is"),
        (lambda state: state["state_dict"].update({"backbone.embed.bias": torch.zeros(2)}), "is (2,) of torch.float32"),
        (lambda state: state["state_dict"]["backbone.embed.bias"].fill_(torch.nan), "holds NaN or Inf"),
        (lambda state: state.update({"pytorch-lightning_version": "0.1"}), "Lightning 0.1 wrote it"),
        (lambda state: state.update(more=1), "holds something else"),
    ],
)
def test_a_state_that_is_not_of_such_a_run_is_refused(
    spoil: Callable[[dict[str, Any]], Any], sentence: str, going_on: Callable[..., tuple[int, str]], done: Finetuned
) -> None:
    path = done.checkpoint("last")
    state = read_state(path)
    spoil(state)
    PlainCheckpoints().save_checkpoint(state, path)
    status, said = going_on()
    assert status == 2
    assert sentence in said
