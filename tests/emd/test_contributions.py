"""What each patch adds: it adds up to the similarity, and to the right side."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.emd.contributions import contributions, strongest
from fdemd.features import Features
from fdemd.scoring.explanation import explain


@settings(max_examples=40)
@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from(["uniform", "apc", "apc_raw", "cc", "sc", "sc_sim", "lmk"]),
    st.integers(0, 10**6),
)
def test_contributions_add_up_to_the_similarity(rows: int, columns: int, weighting: str, seed: int) -> None:
    """Patches of both signs, so that many weights are zero."""
    draw = torch.Generator().manual_seed(seed)
    query, gallery = (
        Features(
            torch.randn(1, 8, generator=draw),
            torch.randn(1, rows * columns, 8, generator=draw),
            (rows, columns),
            torch.rand(1, 68, 2, generator=draw),
        )
        for _ in range(2)
    )
    found = explain(query, gallery, weighting=weighting)
    for share in found.contributions:
        assert float(share.sum()) == pytest.approx(found.emd, abs=1e-5)


def test_a_patch_contributes_its_own_row_or_column() -> None:
    flow, cosine = torch.tensor([[0.5, 0.1], [0.0, 0.4]]), torch.tensor([[1.0, -1.0], [0.3, 0.5]])
    query, gallery = contributions(flow, cosine)
    assert query.tolist() == pytest.approx([0.4, 0.2])
    assert gallery.tolist() == pytest.approx([0.5, 0.1])


def test_the_flow_follows_a_permutation_of_the_gallery() -> None:
    eye = torch.eye(9)[None]
    query, gallery = (Features(torch.ones(1, 9), each, (3, 3)) for each in (eye, eye.roll(1, dims=1)))
    found = explain(query, gallery, weighting="uniform")
    expected = [(m + 1) % 9 for m in range(9)]
    assert found.flow.argmax(1).tolist() == expected
    matches = strongest(found.flow, found.patch_cosine, 9)
    assert sorted((match.query, match.gallery) for match in matches) == list(enumerate(expected))
