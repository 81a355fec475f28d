"""How often an adversarial query passes for the person whom it imitates."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from fdemd.attacks.adversary import Adversary
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import Manifest, Photograph
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.scoring.attack import measure_attack
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison

MANIFEST = Manifest(Path(), tuple(Photograph(f"{n}.png", name, f"{n}.png") for n, name in enumerate("abab")))
FACES = cast(
    FaceDataModule,
    SimpleNamespace(manifest=MANIFEST, query_rows=torch.tensor([0, 1]), gallery_rows=torch.tensor([2, 3])),
)


def adversary(goal: str) -> Adversary:
    settings = SimpleNamespace(in_words="pgd", goal=goal)
    made = SimpleNamespace(settings=settings, attacked_name="dlib", aims=lambda *rows: ["b", "a"])
    return cast(Adversary, made)


def comparison(first: Sequence[int], second: Sequence[int] | None) -> Comparison:
    """Both queries find these gallery faces first."""
    stage1, stage2 = (found and Ranking(torch.tensor(found)[:, None], torch.ones(2, 1)) for found in (first, second))
    assert stage1
    return Comparison("adversarial", (2, 2), "official", {}, 2, 0, 0, 0, 0, 0, stage1=stage1, stage2=stage2 or None)


def test_dodging_has_no_aim() -> None:
    outcome = measure_attack(adversary("dodging"), FACES, {"official": comparison([0, 1], None)})
    assert (outcome.attack, outcome.network, outcome.goal, outcome.imitated) == ("pgd", "dlib", "dodging", {})


def test_a_query_that_finds_nobody_imitates_nobody() -> None:
    """Where an approximate index finds no face, the place is empty; the last gallery face is not meant by it."""
    outcome = measure_attack(adversary("impersonation"), FACES, {"official": comparison([NOBODY, NOBODY], None)})
    assert outcome.imitated == {"official": {STAGE_1: 0.0}}


@pytest.mark.parametrize(("second", "after"), [(None, {}), ([1, 0], {STAGE_2: 1.0})])
def test_a_query_passes_if_it_finds_whom_it_imitates_first(second: list[int] | None, after: dict[str, float]) -> None:
    outcome = measure_attack(adversary("impersonation"), FACES, {"official": comparison([1, 1], second)})
    assert outcome.imitated == {"official": {STAGE_1: 0.5} | after}
