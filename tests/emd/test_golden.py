"""Number for number against the published implementation, which stops by its own rule."""

import numpy as np
import pytest
import torch

from fdemd.emd import Official, emd_similarity
from fdemd.features import Features
from tests.conftest import GOLDEN


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN / "emd.npz"))


def faces(patches: np.ndarray) -> Features:
    tensor = torch.from_numpy(patches).mT.contiguous()
    return Features(torch.zeros(len(tensor), 1), tensor, (tensor.shape[1], 1))


@pytest.mark.parametrize("tag", ["r64", "r42", "r16", "r9"])
@pytest.mark.parametrize("weighting", ["uniform", "sc", "apc", "uew"])
def test_official_mode_equals_the_published_code(golden: dict[str, np.ndarray], tag: str, weighting: str) -> None:
    gallery, query = faces(golden[f"{tag}_gallery_patches"]), faces(golden[f"{tag}_query_patches"][None])

    found = emd_similarity(query, gallery, torch.arange(24)[None], weighting=weighting, stop=Official(), with_flow=True)

    expected = {name: golden[f"{tag}_{weighting}_{name}"] for name in ("similarity", "gallery_weight", "query_weight")}
    np.testing.assert_allclose(found.similarity[0], expected["similarity"], atol=1e-5)
    np.testing.assert_allclose(found.gallery_weight[0], expected["gallery_weight"], atol=1e-5)
    np.testing.assert_allclose(found.query_weight[0], expected["query_weight"], atol=1e-5)
    # The published flow has the gallery's patches as rows; ours has the query's.
    np.testing.assert_allclose(found.flow[0, 0].T, golden[f"{tag}_{weighting}_flow0"], atol=1e-5)
