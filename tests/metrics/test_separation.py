import math

import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fdemd.metrics.separation import area_under_roc


@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 20))
def test_it_is_that_of_scikit_learn(seed: int, count: int, values: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    score = torch.randint(values, (count,), generator=generator).float()  # with ties
    positive = torch.arange(count) % 3 == 0
    assert math.isclose(area_under_roc(score, positive), roc_auc_score(positive, score), abs_tol=1e-12)


def test_without_two_kinds_there_is_none() -> None:
    assert math.isnan(area_under_roc(torch.rand(4), torch.ones(4, dtype=torch.bool)))
