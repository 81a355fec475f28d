"""The trainings of a comparison, planned before the first one starts."""

import pytest

from fdemd.errors import InputError
from fdemd.jobs.trainings import PlannedTraining, naming_training, plan_trainings
from fdemd.settings.comparing import Training


def training(name: str, *words: str) -> Training:
    """An entry of ``trials.trainings``."""
    return Training(name=name, settings=list(words))


def test_a_plan_knows_what_each_training_changes() -> None:
    entries = [
        training("plain", "loss=arcface"),
        training("frozen", "loss=scaleface"),
        training("whole", "loss=scaleface", "loss.scale_head.frozen=false"),
        training("softmax", "loss=softmax"),
    ]
    assert plan_trainings(entries) == [
        PlannedTraining("plain", ("loss=arcface",), has_scale_head=False, trains_backbone=True),
        PlannedTraining("frozen", ("loss=scaleface",), has_scale_head=True, trains_backbone=False),
        PlannedTraining(
            "whole", ("loss=scaleface", "loss.scale_head.frozen=false"), has_scale_head=True, trains_backbone=True
        ),
        PlannedTraining("softmax", ("loss=softmax",), has_scale_head=False, trains_backbone=True),
    ]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([training("x"), training("x")], "has the name 'x'; a name occurs once, and is not pretrained"),
        ([training("pretrained")], "has the name 'pretrained'"),
        ([training("x", "seed=3")], "The training x of trials.trainings says seed=3; it can say loss, optimizer"),
        ([training("x", "data.root=elsewhere")], "says data.root=elsewhere"),
        ([training("x", "trainer=cpu")], "says trainer=cpu"),
        ([training("x", "optimizer.lr=0.1,0.2")], "is a sweep; give each value a training"),
        ([training("x", "optimizer.lr=-1")], "The training x of trials.trainings: optimizer.lr is -1"),
    ],
)
def test_mistakes_are_told_in_a_sentence(entries: list[Training], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_trainings(entries)


def test_a_mistake_says_which_training_it_is_in() -> None:
    with pytest.raises(InputError, match=r"The training x of trials.trainings: no data"), naming_training("x"):
        raise InputError("no data")
