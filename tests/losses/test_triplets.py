"""Hard triplets against a search of every pair."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fdemd.losses.triplets import hard_triplets


def by_brute_force(embedding: Tensor, labels: list[int], margin: float) -> list[tuple[int, int, int]]:
    """Every pair looked at, in order; a later face takes the place of an earlier one only if it is better."""
    unit = [face / face.norm() if face.norm() else face for face in embedding]
    found = []
    for anchor, person in enumerate(labels):
        positive = negative = None
        for other, their in enumerate(labels):
            if other == anchor:
                continue
            cosine = float(unit[anchor] @ unit[other])
            if their == person and (positive is None or cosine < positive[0]):
                positive = (cosine, other)
            if their != person and (negative is None or cosine > negative[0]):
                negative = (cosine, other)
        if positive and negative and negative[0] - positive[0] + margin > 0:
            found.append((anchor, positive[1], negative[1]))
    return found


AXES = torch.cat([torch.eye(4), -torch.eye(4), torch.zeros(1, 4)]).double()
"""Faces on the axes and at the origin: their cosines are exactly -1, 0 or 1, so that ties are plenty."""


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 3), st.sampled_from([0.5, 1.0, 4.0])), min_size=1, max_size=10
    ),
    margin=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
)
def test_with_ties_the_first_face_is_taken(rows: list[tuple[int, int, float]], margin: float) -> None:
    embedding = torch.stack([AXES[axis] * length for axis, _, length in rows])
    labels = [person for _, person, _ in rows]
    found = hard_triplets(embedding, torch.tensor(labels, dtype=torch.long), margin)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == by_brute_force(embedding, labels, margin)


@given(seed=st.integers(0, 1000), size=st.integers(1, 12), people=st.integers(1, 4))
def test_faces_at_all_angles(seed: int, size: int, people: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    embedding = torch.randn(size, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(people, (size,), generator=generator)
    found = hard_triplets(embedding, labels, 0.2)
    expected = by_brute_force(embedding, labels.tolist(), 0.2)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [0]])
def test_without_a_second_face_or_a_stranger_there_is_no_triplet(labels: list[int]) -> None:
    triplets = hard_triplets(torch.randn(len(labels), 3), torch.tensor(labels), 2.0)
    assert all(part.shape == (0,) for part in triplets)
