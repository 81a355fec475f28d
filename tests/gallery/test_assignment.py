"""Each person at most once on a photograph."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fdemd.gallery.assignment import assign


def test_one_person_twice_leaves_the_less_alike_face_without() -> None:
    assert assign(np.array([[0.9], [0.95]]), np.full(2, 0.5)) == [None, 0]


def test_a_face_below_its_own_threshold_is_nobodys() -> None:
    assert assign(np.array([[0.6], [0.6]]), np.array([0.5, 0.7])) == [0, None]


def test_without_people_everybody_is_nobody() -> None:
    assert assign(np.zeros((3, 0)), np.full(3, 0.1)) == [None, None, None]


@given(arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=st.floats(-1, 1)))
def test_nobody_is_given_twice_and_no_other_choice_is_better(scores: np.ndarray) -> None:
    threshold, (faces, people) = 0.2, scores.shape
    chosen = assign(scores, np.full(faces, threshold))
    given_people = [column for column in chosen if column is not None]
    assert len(given_people) == len(set(given_people))
    assert all(scores[row, column] >= threshold for row, column in enumerate(chosen) if column is not None)

    def gain(choice: tuple[int | None, ...]) -> float:
        return sum(scores[row, column] - threshold for row, column in enumerate(choice) if column is not None)

    others = product([None, *range(people)], repeat=faces)
    allowed = (c for c in others if len({*c} - {None}) == len([each for each in c if each is not None]))
    assert gain(tuple(chosen)) >= max(map(gain, allowed)) - 1e-6
