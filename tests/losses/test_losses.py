"""From the section ``loss`` to the head and the loss that it describes."""

import pytest

from fdemd.losses import ArcFaceHead, CosFaceHead, Criterion, SoftmaxHead, build_criterion, build_head
from tests.losses.sections import CONFIGS, loss_section

SIZE, PEOPLE = 8, 5


@pytest.mark.parametrize(
    ("name", "head"), [("arcface", ArcFaceHead), ("cosface", CosFaceHead), ("softmax", SoftmaxHead)]
)
def test_every_head_has_a_config_that_builds_it(name: str, head: type) -> None:
    assert (CONFIGS / f"{name}.yaml").is_file()
    built = build_head(loss_section(name), SIZE, PEOPLE)
    assert type(built) is head
    assert built.weight.shape == (PEOPLE, SIZE)


@pytest.mark.parametrize("name", ["otface", "scaleface"])
def test_a_second_term_goes_with_either_margin(name: str) -> None:
    """``loss=otface loss.head=cosface loss.margin=0.35``."""
    loss = loss_section(name, head="cosface", margin=0.35)
    built = build_criterion(loss, embedding_size=SIZE, identities=PEOPLE, map_size=12)
    assert type(built.head) is CosFaceHead and type(built) is not Criterion
