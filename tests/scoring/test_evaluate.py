"""A ranking of one's own and the true identities: fdemd.evaluate beside the definitions."""

import numpy as np
import pytest
import torch

import fdemd
from fdemd import Features, InputError

RNG = np.random.default_rng(0)
PEOPLE = np.arange(24) % 8
MEANS = RNG.normal(size=(8, 4, 4, 16))
PATCHES = (MEANS[PEOPLE] + RNG.normal(size=(24, 4, 4, 16))).astype(np.float32)
EMBEDDINGS = PATCHES.mean((1, 2))
QUERY, GALLERY = Features(EMBEDDINGS[:8], PATCHES[:8]), Features(EMBEDDINGS[8:], PATCHES[8:])


def brute_force(order: list[int], person: object, people: list[object], left_out: int) -> tuple[float, float, float]:
    """P@1, R-Precision and MAP@R of one query, by their definitions."""
    relevant = sum(other == person for row, other in enumerate(people) if row != left_out)
    right = [people[row] == person for row in order[:relevant]]
    precision = [sum(right[: place + 1]) / (place + 1) for place in range(len(right))]
    return (
        float(right[0]),
        sum(right) / relevant,
        sum(p for p, hit in zip(precision, right, strict=True) if hit) / relevant,
    )


def test_figures_are_those_of_the_definitions() -> None:
    names = [f"person {number}" for number in PEOPLE]
    ranking = fdemd.rank(EMBEDDINGS, EMBEDDINGS, query_sources=range(24), gallery_sources=range(24))
    assert all(row not in order for row, order in enumerate(ranking.indices.tolist()))
    figures = fdemd.evaluate(ranking, names, names)
    orders = np.argsort(-(unit := EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)) @ unit.T, axis=1)
    expected = [
        brute_force([row for row in order if row != query], names[query], names, query)
        for query, order in enumerate(orders.tolist())
    ]
    found = [figures[name].mean for name in ("P@1", "RP", "MAP@R")]
    assert found == pytest.approx(np.mean(expected, axis=0).tolist())
    assert all(each.low <= each.mean <= each.high for each in figures.values())


def test_a_ranking_of_elsewhere_is_measured_by_its_rows() -> None:
    ranking = fdemd.rank(QUERY, GALLERY)
    figures = fdemd.evaluate(ranking, PEOPLE[:8], PEOPLE[8:])
    assert fdemd.evaluate(ranking.indices.numpy(), PEOPLE[:8].tolist(), torch.from_numpy(PEOPLE[8:])) == figures


@pytest.mark.parametrize("depth", [23, 5])
def test_a_bare_ranking_that_leaves_each_query_out_needs_its_sources(depth: int) -> None:
    """Else the query itself would be a right answer that was not found, and no figure could reach 1."""
    ranking = fdemd.rank(EMBEDDINGS, EMBEDDINGS, depth=depth, query_sources=range(24), gallery_sources=range(24))
    rows = ranking.indices.numpy()
    with pytest.raises(InputError, match="no query finds its own row"):
        fdemd.evaluate(rows, PEOPLE, PEOPLE)
    told = fdemd.evaluate(rows, PEOPLE, PEOPLE, query_sources=range(24), gallery_sources=range(24))
    assert told == fdemd.evaluate(ranking, PEOPLE, PEOPLE)
    different = fdemd.evaluate(rows, PEOPLE, PEOPLE, query_sources=range(24), gallery_sources=range(24, 48))
    assert different["RP"].mean < told["RP"].mean


def test_the_same_people_in_the_same_order_may_be_other_photographs() -> None:
    """One photograph a person on either side: nobody finds anybody, or somebody their own row."""
    assert fdemd.evaluate([[1, 2], [2, 0], [0, 1]], range(3), range(3))["P@1"].mean == 0
    assert fdemd.evaluate([[1, 2], [2, 0], [2, 1]], range(3), range(3))["P@1"].mean == pytest.approx(1 / 3)


@pytest.mark.parametrize("names", [["x", *PEOPLE[8:].tolist()], PEOPLE[8:-1].tolist()])
def test_a_list_of_labels_that_is_too_long_or_too_short_is_told(names: list[object]) -> None:
    """One label too many would shift all the others."""
    for ranking in (fdemd.rank(QUERY, GALLERY, depth=3), fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY)):
        with pytest.raises(InputError, match=f"gallery_identities has {len(names)} names, and there are 16 faces"):
            fdemd.evaluate(ranking, PEOPLE[:8], names, metrics=["P@1"])
