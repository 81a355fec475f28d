"""S-norm against numbers worked out by hand."""

import pytest
import torch

from fdemd.score_normalization.snorm import SMALLEST_DEVIATION, Scale, mix_normalized, symmetric_norm


def test_deviations_from_both_supports_are_averaged() -> None:
    """A cosine of 0.8 lies 3 deviations above one support set and 1 above the other."""
    cosine, mean = torch.tensor(0.8), (torch.tensor(0.5), torch.tensor(0.6))
    deviation = torch.tensor(0.1), torch.tensor(0.2)
    assert symmetric_norm(cosine, mean, deviation).item() == pytest.approx(2)


def test_equal_faces_do_not_divide_by_zero() -> None:
    nothing = torch.tensor(0.0)
    assert symmetric_norm(torch.tensor(0.5), (nothing,) * 2, (nothing,) * 2).item() == pytest.approx(
        0.5 / SMALLEST_DEVIATION
    )


def test_the_mix_goes_from_the_cosine_to_the_normalized_score_on_the_scale_of_cosines() -> None:
    cosine, normalized, scale = torch.tensor(0.4), torch.tensor(2.0), Scale(0.1, 0.25)
    assert mix_normalized(cosine, normalized, scale, 0.0) == cosine
    assert mix_normalized(cosine, normalized, scale, 1.0).item() == pytest.approx(0.6)
    assert mix_normalized(cosine, normalized, scale, 0.5).item() == pytest.approx(0.5)
