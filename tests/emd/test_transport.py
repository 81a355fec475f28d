"""What every engine gives back, as its description says."""

import pytest
import torch
from torch.nn.functional import normalize

from fdemd.emd import emd_similarity
from fdemd.features import Features


def faces(count: int, seed: int) -> Features:
    patches = torch.rand(count, 9, 8, generator=torch.Generator().manual_seed(seed))
    return Features(torch.zeros(count, 8), patches, (3, 3))


QUERY, GALLERY = faces(2, 0), faces(5, 1)
CANDIDATES = torch.tensor([[4, 0, 2], [1, 1, 3]])


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_there_is_a_number_and_two_flags_a_pair(engine: str) -> None:
    found = emd_similarity(QUERY, GALLERY, CANDIDATES, engine=engine)
    assert (found.similarity.shape, found.similarity.dtype) == (CANDIDATES.shape, torch.float32)
    assert (found.similarity <= 1).all()
    for flags in (found.fallback, found.unfinished):
        assert (flags.shape, flags.dtype) == (CANDIDATES.shape, torch.bool)
    assert (found.flow, found.query_weight, found.gallery_weight) == (None, None, None)


def test_the_engine_says_its_name() -> None:
    assert emd_similarity(QUERY, GALLERY, CANDIDATES, engine="reference").engine == "reference"
    assert emd_similarity(QUERY, GALLERY, CANDIDATES).engine != "auto"


def test_the_flow_leads_from_the_query_s_weights_to_the_candidate_s_and_adds_up_to_the_similarity() -> None:
    found = emd_similarity(QUERY, GALLERY, CANDIDATES, weighting="sc", with_flow=True)
    assert found.flow is not None
    assert found.query_weight is not None
    assert found.gallery_weight is not None
    torch.testing.assert_close(found.flow.sum(-1), found.query_weight, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.flow.sum(-2), found.gallery_weight, atol=3e-4, rtol=0)
    for query, row in enumerate(CANDIDATES.tolist()):
        for place, face in enumerate(row):
            cosine = normalize(QUERY.patches[query], dim=1) @ normalize(GALLERY.patches[face], dim=1).T
            total = (found.flow[query, place] * cosine).sum()
            torch.testing.assert_close(found.similarity[query, place], total, atol=1e-5, rtol=0)
