"""A batch becomes features in the precision asked for, or a sentence says why not."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from fdemd.backbones import Backbone
from fdemd.data.batch import FaceBatch
from fdemd.embedding.batch import embed_batch, embed_faces
from fdemd.errors import InputError
from fdemd.features import Features


class QuarterNet(Backbone):
    """The mean colours of the four quarters of a face are its patches, their mean its embedding."""

    face_size, alignment, weights_sha256 = (8, 8), "dlib", "none"

    def forward(self, faces: Tensor) -> Features:
        patches = adaptive_avg_pool2d(faces, 2).flatten(2).mT
        return Features(patches.mean(1), patches, (2, 2))


def batch_of(value: float) -> FaceBatch:
    """Two faces of one colour, rows 4 and 7, whose patches in QuarterNet are that value."""
    return {
        "face": torch.full((2, 3, 8, 8), value),
        "landmarks": torch.rand(2, 68, 2),
        "row": torch.tensor([4, 7]),
    }


def test_embeddings_stay_whole_and_patches_are_rounded() -> None:
    batch = batch_of(1 / 3)
    found = embed_batch(QuarterNet(), batch, torch.float16)
    assert torch.equal(found.embedding, torch.full((2, 3), 1 / 3))
    assert torch.equal(found.patches, torch.full((2, 4, 3), 1 / 3).half())
    assert torch.equal(found.landmarks, batch["landmarks"])


def test_faces_of_no_manifest_have_neither_rows_nor_landmarks() -> None:
    assert embed_faces(QuarterNet(), torch.rand(2, 3, 8, 8)).landmarks is None
    with pytest.raises(InputError, match="not finite for a face; its weights"):
        embed_faces(QuarterNet(), torch.full((2, 3, 8, 8), torch.inf))


@pytest.mark.parametrize("value", [1e5, -1e5, 1e-9])
def test_patches_that_a_precision_cannot_hold_are_never_infinite_or_nothing(value: float) -> None:
    with pytest.raises(InputError, match=r"features\.dtype=bfloat16"):
        embed_batch(QuarterNet(), batch_of(value), torch.float16)
    torch.testing.assert_close(
        embed_batch(QuarterNet(), batch_of(value), torch.bfloat16).patches.float(),
        torch.full((2, 4, 3), value),
        rtol=2**-8,
        atol=0,
    )


def test_one_value_out_of_range_is_enough() -> None:
    batch = batch_of(1.0)
    batch["face"][1, :, :4, :4] = 1e5
    with pytest.raises(InputError, match=r"1e\+05 at most, cannot be kept in float16"):
        embed_batch(QuarterNet(), batch, torch.float16)


def test_patches_of_nothing_but_zeros_can_be_kept() -> None:
    assert embed_batch(QuarterNet(), batch_of(0.0), torch.float16).patches.abs().sum() == 0


def test_numbers_that_are_not_finite_name_their_rows() -> None:
    with pytest.raises(InputError, match=r"rows \[4, 7\]"):
        embed_batch(QuarterNet(), batch_of(torch.nan))


def test_a_network_without_patches_is_told() -> None:
    class NoPatches(Backbone):
        def forward(self, faces: torch.Tensor) -> Features:
            return Features(torch.ones(len(faces), 3))

    with pytest.raises(InputError, match="no patches in what the network gives"):
        embed_faces(NoPatches(), torch.zeros(2, 3, 8, 8))
