"""Transport against POT: its Sinkhorn at the same eps, and exact linear programming as eps goes to 0."""

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.emd import Converged, Official
from fdemd.emd.sinkhorn import SMALLEST_EPS, check_eps, sinkhorn
from fdemd.errors import InputError


def problem(pairs: int, patches: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines of correlated random patches, and weights with some zeros, as APC gives them."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(pairs, patches, 32, generator=generator)
    a, b = (normalize(common + torch.randn(pairs, patches, 32, generator=generator), dim=-1) for _ in range(2))
    weights = torch.randn(2, pairs, patches, generator=generator).relu() + 1e-6
    query, gallery = weights / weights.sum(-1, keepdim=True)
    return a @ b.mT, query, gallery


def scores(flow: Tensor, similarity: Tensor) -> Tensor:
    return (flow * similarity).sum((1, 2))


@pytest.mark.parametrize("patches", [9, 16, 42, 64])
def test_converged_scores_equal_pots_sinkhorn(patches: int) -> None:
    similarity, query, gallery = problem(5, patches)
    flow, _ = sinkhorn(similarity, query, gallery, eps=0.05, stop=Converged())
    for pair in range(5):
        plan = ot.sinkhorn(
            query[pair].double().numpy(),
            gallery[pair].double().numpy(),
            (1 - similarity[pair]).double().numpy(),
            reg=0.05,
            stopThr=1e-7,  # what the weights, whose sums are 1 in float32 only, let it come to
            numItermax=50000,
        )
        expected = (plan * similarity[pair].double().numpy()).sum()
        assert scores(flow, similarity)[pair].item() == pytest.approx(expected, abs=1e-4)


def exact_scores(similarity: Tensor, query: Tensor, gallery: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Scores in float64, iterated until nothing is missed, and which pairs got there."""
    similarity, query, gallery = similarity.double(), query.double(), gallery.double()
    kernel = ((similarity - 1) / eps).exp()
    rows = torch.ones_like(query)
    for _ in range(3000):
        columns = gallery / (rows[:, None] @ kernel)[:, 0]
        rows = query / (kernel @ columns[:, :, None])[:, :, 0]
    missed = (columns * (rows[:, None] @ kernel)[:, 0] - gallery).abs().sum(-1)
    return (rows[:, :, None] * kernel * columns[:, None] * similarity).sum((1, 2)), missed < 1e-8


@given(
    eps=st.sampled_from([0.0251, 0.0255, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0]),
    patches=st.sampled_from([2, 3, 4, 6, 9, 16]),
    channels=st.integers(2, 5),
    power=st.integers(1, 4),
    tolerance=st.sampled_from([3e-4, 1e-3, 1e-2]),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=40)
def test_a_converged_score_is_as_near_to_full_convergence_as_is_promised(
    eps: float, patches: int, channels: int, power: int, tolerance: float, seed: int
) -> None:
    """Unlikely faces: few channels, so that cosines are of all sizes, and few patches with nearly all the weight."""
    draw = torch.Generator().manual_seed(seed)
    a, b = (normalize(torch.randn(16, patches, channels, generator=draw), dim=-1) for _ in range(2))
    weights = torch.rand(2, 16, patches, generator=draw) ** power + 1e-6
    query, gallery = weights / weights.sum(-1, keepdim=True)
    flow, finished = sinkhorn(a @ b.mT, query, gallery, eps=eps, stop=Converged(tolerance))
    exact, known = exact_scores(a @ b.mT, query, gallery, eps)
    off = (scores(flow.double(), (a @ b.mT).double()) - exact).abs()[finished & known]
    rounding = 2e-5
    assert (off <= 1.2 * tolerance + rounding).all()


def test_scores_approach_the_exact_solution_as_eps_goes_to_0() -> None:
    similarity, query, gallery = problem(8, 16)
    exact = [
        1 - ot.emd2(q / q.sum(), g / g.sum(), 1 - s)
        for s, q, g in zip(*(tensor.double().numpy() for tensor in (similarity, query, gallery)), strict=True)
    ]
    errors = []
    for eps in (0.2, 0.1, 0.05, 0.02, 0.01, 0.005):
        flow, _ = sinkhorn(similarity, query, gallery, eps=eps, stop=Converged(1e-5, max_rounds=20000))
        errors.append(float(np.abs(scores(flow, similarity).numpy() - exact).max()))
    assert errors == sorted(errors, reverse=True), f"the curve must fall: {errors}"
    assert errors[-1] < 2e-3


@pytest.mark.parametrize("eps", [0.005, 0.05, 0.5])
def test_the_flow_has_the_marginals_it_was_asked_for(eps: float) -> None:
    similarity, query, gallery = problem(6, 16)
    flow, _ = sinkhorn(similarity, query, gallery, eps=eps, stop=Converged(1e-4, max_rounds=20000))
    assert (flow >= 0).all()
    torch.testing.assert_close(flow.sum(2), query, atol=1e-6, rtol=1e-4)
    assert (flow.sum(1) - gallery).abs().sum(1).max() < 2e-4


@given(seed=st.integers(0, 2**16), pairs=st.integers(2, 12), patches=st.sampled_from([2, 9, 16]))
@settings(max_examples=25)
def test_a_pair_converges_the_same_alone_and_among_others(seed: int, pairs: int, patches: int) -> None:
    similarity, query, gallery = problem(pairs, patches, seed)
    together, _ = sinkhorn(similarity, query, gallery, eps=0.05, stop=Converged())
    alone = torch.cat(
        [
            sinkhorn(similarity[i : i + 1], query[i : i + 1], gallery[i : i + 1], eps=0.05, stop=Converged())[0]
            for i in range(pairs)
        ]
    )
    torch.testing.assert_close(together, alone, atol=2e-6, rtol=1e-4)


def test_the_official_stop_is_shared_by_a_query_s_candidates_only() -> None:
    similarity, query, gallery = problem(12, 16)
    both, _ = sinkhorn(similarity, query, gallery, eps=0.05, stop=Official(), group=6)
    each = [
        sinkhorn(similarity[i : i + 6], query[i : i + 6], gallery[i : i + 6], eps=0.05, stop=Official(), group=6)[0]
        for i in (0, 6)
    ]
    torch.testing.assert_close(both, torch.cat(each))
    alone, _ = sinkhorn(similarity, query, gallery, eps=0.05, stop=Official(), group=1)
    assert not torch.allclose(alone, both), "the published score of a pair depends on its fellow candidates"


def test_a_permutation_is_found() -> None:
    order = torch.tensor([2, 0, 3, 1])
    similarity = torch.full((1, 4, 4), -1.0)
    similarity[0, torch.arange(4), order] = 1.0
    weight = torch.full((1, 4), 0.25)
    flow, _ = sinkhorn(similarity, weight, weight, eps=0.05, stop=Converged())
    assert flow[0].argmax(1).tolist() == order.tolist()


def test_opposite_patches_underflow_nowhere() -> None:
    weight = torch.full((1, 9), 1 / 9)
    for eps in (SMALLEST_EPS, 0.05):
        flow, _ = sinkhorn(torch.full((1, 9, 9), -1.0), weight, weight, eps=eps, stop=Converged())
        assert flow.sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("rule", "settings"),
    [(Converged, (float("nan"),)), (Converged, (-1.0,)), (Converged, (1e-3, 0)), (Official, (0.1, 2.5))],
)
def test_an_impossible_stopping_rule_is_refused(rule: type, settings: tuple) -> None:
    with pytest.raises(InputError, match="is impossible"):
        rule(*settings)


@pytest.mark.parametrize("eps", [0, -1, 1e-5, 100, float("nan")])
def test_an_impossible_eps_is_refused(eps: float) -> None:
    with pytest.raises(InputError, match="must lie between"):
        check_eps(eps)


def test_the_solver_is_differentiable() -> None:
    similarity, query, gallery = problem(3, 9)
    similarity.requires_grad_()
    flow, _ = sinkhorn(similarity, query, gallery, eps=0.05, stop=Converged())
    scores(flow, similarity).sum().backward()
    assert similarity.grad is not None and similarity.grad.isfinite().all()


def test_pairs_that_run_out_of_rounds_are_reported() -> None:
    similarity, query, gallery = problem(6, 16)
    _, finished = sinkhorn(similarity, query, gallery, eps=0.05, stop=Converged(1e-6, max_rounds=3))
    assert not finished.any()
    _, finished = sinkhorn(similarity, query, gallery, eps=0.05, stop=Converged())
    assert finished.all()
