import numpy as np
import torch

from fdemd.faces.alignment import AlignedFace
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.draw import Covered
from fdemd.visibility.truth import CoverTruth, visible_shares


def test_a_patch_is_visible_by_the_share_of_its_pixels() -> None:
    covered = np.zeros((12, 12), dtype=bool)
    covered[:3, :6] = True
    shares = visible_shares(covered, (3, 2))
    np.testing.assert_allclose(shares, [0.25, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(visible_shares(covered, (7, 5)).mean(), 1 - covered.mean(), atol=1e-6)


def test_drawings_become_tensors_in_their_order() -> None:
    face = AlignedFace(np.zeros((4, 4, 3), np.uint8), np.zeros((68, 2), np.float32))
    whole, nothing = np.ones((4, 4), dtype=bool), np.zeros((4, 4), dtype=bool)
    truth = CoverTruth.of([Covered(face, whole, "other"), Covered(face, nothing, "clean")], (2, 2))
    assert truth.condition.tolist() == [CONDITIONS.index("other"), 0]
    assert truth.visible.tolist() == [[0] * 4, [1] * 4]
    twice = CoverTruth.joined([truth, truth])
    assert len(twice) == 4
    assert twice[torch.tensor([2, 1])].condition.tolist() == truth.condition.tolist()
