"""Faces that are partly covered: partial transport beside POT's, in every engine."""

import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fdemd.emd import WEIGHTINGS, Converged, emd_similarity
from fdemd.emd.compact import compact
from fdemd.emd.contributions import contributions
from fdemd.emd.engines import cpu, reference
from fdemd.emd.side import side_of
from fdemd.emd.sinkhorn import SMALLEST_EPS
from fdemd.emd.visible import WAYS, lightened, visible_of, with_rest
from fdemd.errors import InputError
from fdemd.features import Features

PATCHES = 9
EXACT = Converged(1e-6, 20000)


def faces(seed: int, count: int = 2, patches: int = PATCHES, covered: bool = True) -> Features:
    """Faces that have something in common, of which random parts of random patches are covered."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(1, patches, 12, generator=torch.Generator().manual_seed(99))
    cells = common + torch.randn(count, patches, 12, generator=generator)
    visible = torch.rand(count, patches, generator=generator) if covered else torch.ones(count, patches)
    return Features(cells.mean(1), cells, (1, patches), torch.rand(count, 68, 2, generator=generator), visible=visible)


def cosines(query: Features, gallery: Features) -> Tensor:
    units = [side.patches[0].double() / side.patches[0].double().norm(dim=1, keepdim=True) for side in (query, gallery)]
    return units[0] @ units[1].T


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_partial_similarity_is_pots_partial_transport_to_a_face_that_is_wholly_visible(seed: int) -> None:
    """POT moves the visible mass at the least cost; a small entropy may cost eps times its range more."""
    query, gallery = faces(seed, 1), faces(seed + 1, 1, covered=False)
    assert query.visible is not None
    cosine, mass = cosines(query, gallery), query.visible[0].double() / PATCHES
    moved = float(mass.sum())
    plan = ot.partial.partial_wasserstein(
        mass.numpy(), torch.full_like(mass, 1 / PATCHES).numpy(), (1 - cosine).numpy(), m=moved * (1 - 1e-9)
    )
    exact = float((torch.from_numpy(plan) * cosine).sum()) / moved
    found = emd_similarity(query, gallery, weighting="uniform", visible="partial", eps=SMALLEST_EPS, stop=EXACT)
    allowed = SMALLEST_EPS * 2 * torch.tensor(PATCHES + 1.0).log().item() / moved
    assert -1e-4 <= exact - found.similarity.item() <= allowed


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["mass", "partial"]))
def test_the_entropic_score_is_pots(seed: int, visible: str) -> None:
    """Of two covered faces the smaller visible share is what can move."""
    query, gallery = faces(seed, 1), faces(seed + 1, 1)
    cosine, weights = cosines(query, gallery), [visible_of(side, "face")[0].double() for side in (query, gallery)]
    moved = 1.0
    if visible == "partial":
        cosine = torch.nn.functional.pad(cosine, (0, 1, 0, 1))
        weights = [torch.cat([each, (1 - each).sum()[None]]) for each in weights]
        moved = min(1 - float(each[-1]) / PATCHES for each in weights)
    masses = [(each / each.sum()).numpy() for each in weights]
    plan = ot.sinkhorn(*masses, (1 - cosine).numpy(), reg=0.05, stopThr=1e-9, numItermax=50000)
    expected = float((torch.from_numpy(plan) * cosine).sum()) / moved
    found = emd_similarity(query, gallery, weighting="uniform", visible=visible, stop=EXACT)
    assert found.similarity.item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("visible", WAYS)
@pytest.mark.parametrize("weighting", sorted(WEIGHTINGS.keys() - {"uew"}))
def test_of_faces_that_are_wholly_visible_nothing_changes(weighting: str, visible: str) -> None:
    query, gallery = faces(0, 3, covered=False), faces(1, 4, covered=False)
    expected = emd_similarity(query, gallery, weighting=weighting)
    found = emd_similarity(query, gallery, weighting=weighting, visible=visible)
    torch.testing.assert_close(found.similarity, expected.similarity, atol=1e-5, rtol=0)
    assert torch.equal(found.fallback, expected.fallback)


@pytest.mark.parametrize("visible", ["mass", "partial"])
def test_what_lies_under_a_cover_plays_no_part(visible: str) -> None:
    query, gallery = faces(0), faces(1)
    assert query.visible is not None
    query.visible[:, ::2] = 0
    other = Features(query.embedding, query.patches.clone(), query.grid, visible=query.visible)
    other.patches[:, ::2] = torch.randn(2, 5, 12)
    asked = {"weighting": "uniform", "visible": visible, "stop": EXACT}
    found, same = (emd_similarity(each, gallery, **asked) for each in (query, other))
    torch.testing.assert_close(found.similarity, same.similarity, atol=1e-5, rtol=0)


def test_the_rest_of_a_face_may_find_its_match_where_it_will() -> None:
    """Half of a face beside the whole: its half alone moves, so that nothing is left to fit elsewhere."""
    whole = Features(torch.ones(1, 1), torch.eye(4)[None], (2, 2), visible=torch.ones(1, 4))
    half = whole.seen(torch.tensor([[1.0, 1.0, 0.0, 0.0]]))
    scores = {
        visible: emd_similarity(half, whole, weighting="uniform", visible=visible).similarity.item() for visible in WAYS
    }
    assert scores["partial"] == pytest.approx(1, abs=1e-3)
    assert scores["mass"] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("instructions", cpu.INSTRUCTIONS)
@pytest.mark.parametrize("patches", [9, 49, 64])
@pytest.mark.parametrize("weighting", ["apc", "norm"])
def test_the_compiled_engine_agrees(weighting: str, patches: int, instructions: str) -> None:
    given = faces(0, 3, patches), faces(1, 5, patches)
    candidates = torch.arange(5).expand(3, -1)
    for query, gallery in (given, tuple(map(compact, given))):
        sides = [with_rest(side_of(each, weighting), visible_of(each, "face"))[0] for each in (query, gallery)]
        light = [lightened(side_of(each, weighting), visible_of(each, "face")) for each in (query, gallery)]
        for pair in (sides, light):
            slow = reference.solve(*pair, candidates, eps=0.05, stop=Converged())
            fast = cpu.solve(*pair, candidates, eps=0.05, stop=Converged(), instructions=instructions)
            torch.testing.assert_close(fast.similarity, slow.similarity, atol=1e-4, rtol=0)
            assert torch.equal(fast.fallback, slow.fallback)


def test_a_face_that_is_wholly_covered_gives_numbers() -> None:
    hidden, other = faces(0).seen(torch.zeros(2, PATCHES)), faces(1)
    assert emd_similarity(hidden, other, visible="mass").fallback.all()
    found = emd_similarity(hidden, other, visible="partial")
    assert found.similarity.isfinite().all()
    assert found.similarity.abs().max() < 0.05, "nothing moved"


def test_the_flow_is_of_the_faces_own_patches_and_adds_up_to_the_score() -> None:
    query, gallery = faces(0, 1), faces(1, 1, covered=False)
    found = emd_similarity(query, gallery, visible="partial", with_flow=True, stop=EXACT)
    assert found.flow is not None and found.query_weight is not None
    flow, cosine = found.flow[0, 0], cosines(query, gallery).float()
    assert flow.shape == (PATCHES, PATCHES)
    assert contributions(flow, cosine).query.sum().item() == pytest.approx(found.similarity.item(), abs=1e-5)
    torch.testing.assert_close(flow.sum(1), found.query_weight[0, 0], atol=1e-4, rtol=0)


def test_what_is_missing_or_impossible_is_told() -> None:
    face = faces(0)
    with pytest.raises(InputError, match="It is not known what of gallery is covered"):
        emd_similarity(face, Features(face.embedding, face.patches), visible="partial")
    with pytest.raises(InputError, match=r"query\.visible has numbers outside \[0, 1\]"):
        emd_similarity(face.seen(torch.full((2, PATCHES), 1.5)), face, visible="mass")
    with pytest.raises(InputError, match="Unknown way to treat covered patches"):
        emd_similarity(face, face, visible="half")
    with pytest.raises(InputError, match="use another weighting with visible=partial"):
        emd_similarity(face, face, visible="partial", weighting="uew", stop="official")
