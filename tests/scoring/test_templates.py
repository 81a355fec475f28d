"""Templates of queries whose quality is known."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from fdemd.retrieval.protocol import Labels
from fdemd.scoring.mixture import Faces, Mixture
from fdemd.scoring.templates import template_accuracy

PEOPLE, PHOTOGRAPHS, SIZE = 12, 8, 16


def mixture(noise: torch.Tensor) -> Mixture:
    """Every photograph in the gallery, and as a query with so much noise."""
    generator = torch.Generator().manual_seed(0)
    people = torch.arange(PEOPLE).repeat_interleave(PHOTOGRAPHS)
    rows = torch.arange(len(people))
    faces = normalize(torch.randn(PEOPLE, SIZE, generator=generator))[people]
    faces = faces + 0.02 * torch.randn(faces.shape, generator=generator)
    queries = faces + noise[:, None] * torch.randn(faces.shape, generator=generator)
    logit = torch.zeros(len(rows), dtype=torch.float64)
    return Mixture(
        Faces(queries, Labels(people, rows, -1 - rows), logit),
        Faces(faces, Labels(people, rows, rows), logit),
        ("mask",),
        torch.zeros(len(rows), dtype=torch.long),
        torch.zeros(len(rows)),
        {},
        missed=0,
        lone=0,
    )


def test_templates_of_clear_faces_find_their_person_however_they_are_joined() -> None:
    given = mixture(torch.zeros(PEOPLE * PHOTOGRAPHS))
    scale = torch.ones(PEOPLE * PHOTOGRAPHS)
    found = template_accuracy(given, scale, size=4, generator=torch.Generator().manual_seed(0))
    assert found == {"mean": 1.0, "norm": 1.0, "scale": 1.0}


def test_weights_that_know_the_noise_are_better_than_none() -> None:
    noise = torch.where(torch.arange(PEOPLE * PHOTOGRAPHS) % 4 == 0, 0.02, 10.0)
    found = template_accuracy(mixture(noise), 1 / noise, size=4, generator=torch.Generator().manual_seed(0))
    assert found["scale"] > max(found["mean"], found["norm"])


def test_nobody_with_enough_photographs_gives_no_figure() -> None:
    given = mixture(torch.zeros(PEOPLE * PHOTOGRAPHS))
    scale = torch.ones(PEOPLE * PHOTOGRAPHS)
    assert template_accuracy(given, scale, size=5, generator=torch.Generator()) == {}


def test_a_template_finds_no_photograph_that_it_was_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the sources of the probes in the gallery, queries equal to them would find them, whoever they are."""
    given = mixture(torch.zeros(PEOPLE * PHOTOGRAPHS))
    shuffled = torch.randperm(PEOPLE * PHOTOGRAPHS, generator=torch.Generator().manual_seed(1))
    everyone = Labels(
        given.gallery.labels.identity[shuffled], given.gallery.labels.source, given.gallery.labels.picture
    )
    mislabelled = Mixture(
        Faces(given.queries.embedding, everyone, given.queries.logit),
        Faces(given.gallery.embedding, everyone, given.gallery.logit),
        *(getattr(given, name) for name in ("kinds", "kind", "first", "right", "missed", "lone")),
    )
    scale = torch.ones(PEOPLE * PHOTOGRAPHS)
    found = template_accuracy(mislabelled, scale, size=1, generator=torch.Generator().manual_seed(0))
    assert found["mean"] < 0.4


@pytest.mark.parametrize("size", [2.0**-100, 2.0**100])
def test_very_short_and_very_long_embeddings_are_joined_as_others(size: float) -> None:
    noise = torch.where(torch.arange(PEOPLE * PHOTOGRAPHS) % 4 == 0, 0.02, 0.5)
    given = mixture(noise)
    scaled = replace(
        given,
        queries=replace(given.queries, embedding=given.queries.embedding * size),
        gallery=replace(given.gallery, embedding=given.gallery.embedding * size),
    )
    expected, found = (
        template_accuracy(each, 1 / noise, size=4, generator=torch.Generator().manual_seed(0))
        for each in (given, scaled)
    )
    assert found == expected
