"""How faces are put into batches where the settings leave it to the loss."""

import pytest

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.training.data import choose_order


def order(*words: str) -> str:
    """The order of a training with these words on its command line."""
    (point,) = plan("train", words, CONFIG_DIR)
    return choose_order(point.settings).order


def test_the_loss_decides_unless_the_settings_do() -> None:
    assert order() == "shuffled"
    assert order("batches.order=balanced") == "balanced"
    assert order("loss=otface", "data.batch_size=8", "batches.people=4") == "balanced"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["batches.order=shuffled", "data.batch_size=64"], "not shuffled batches of 64"),
        (["batches.people=16", "data.batch_size=16"], "twice batches.people=16 or more, not balanced batches of 16"),
    ],
)
def test_a_loss_that_compares_faces_needs_two_of_each_person(words: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        order("loss=otface", *words)
