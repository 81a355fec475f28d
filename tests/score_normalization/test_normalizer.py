"""Normalizers of tables and of pairs: statistics of each face once, and the same score wherever a pair stands."""

import pytest
import torch
from torch import Tensor

from fdemd.score_normalization.normalizer import DiscrepancyNormalizer, Normalizer, SymmetricNormalizer
from fdemd.score_normalization.snorm import Scale
from fdemd.score_normalization.support import Support


def loudness(embeddings: Tensor) -> Tensor:
    """A discrepancy that can be worked out by hand: the first number of each embedding."""
    return embeddings[:, 0]


def by_hand(embeddings: Tensor) -> Support:
    return Support(mean=embeddings[:, 0], deviation=embeddings[:, 1], size=torch.ones(len(embeddings)))


NORMALIZERS = [DiscrepancyNormalizer(loudness, 0.5), SymmetricNormalizer(by_hand, Scale(0.2, 0.1), 0.5)]
QUERY, GALLERY = 0.1 + torch.rand(4, 3), 0.1 + torch.rand(4, 3)


def test_ida_takes_off_the_discrepancies_of_both_faces() -> None:
    found = NORMALIZERS[0].normalize_pairs(torch.tensor([0.8]), torch.tensor([[0.2, 0.0]]), torch.tensor([[0.4, 0.0]]))
    assert found.item() == pytest.approx(0.8 - 0.5 * (0.2 + 0.4) / 2)


def test_snorm_measures_in_the_deviations_of_both_faces_and_goes_back_to_the_scale_of_cosines() -> None:
    """0.8 lies 3 deviations above the first face's support and 1 above the second's: 2 on average."""
    found = NORMALIZERS[1].normalize_pairs(torch.tensor([0.8]), torch.tensor([[0.5, 0.1]]), torch.tensor([[0.6, 0.2]]))
    assert found.item() == pytest.approx(0.5 * 0.8 + 0.5 * (0.2 + 0.1 * 2))


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_a_tile_of_the_table_has_the_scores_of_its_pairs(normalizer: Normalizer) -> None:
    cosine = torch.rand(4, 4)
    adjust = normalizer.between(QUERY, GALLERY)
    tile = adjust(cosine[1:3, 2:], slice(1, 3), slice(2, 4))
    for row in (1, 2):
        for column in (2, 3):
            pair = normalizer.normalize_pairs(
                cosine[row, column][None], QUERY[row : row + 1], GALLERY[column : column + 1]
            )
            torch.testing.assert_close(tile[row - 1, column - 2], pair[0])


def test_statistics_of_each_face_are_computed_once_for_all_tiles() -> None:
    asked: list[int] = []

    def counted(embeddings: Tensor) -> Tensor:
        asked.append(len(embeddings))
        return loudness(embeddings)

    adjust = DiscrepancyNormalizer(counted, 0.5).between(QUERY, GALLERY[:3])
    for rows in (slice(0, 2), slice(2, 4)):
        adjust(torch.rand(2, 3), rows, slice(0, 3))
    assert asked == [4, 3]
