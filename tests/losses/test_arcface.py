"""ArcFace's margin over all angles."""

import torch

from fdemd.losses import ArcFaceHead


def test_arcface_always_asks_more_than_no_margin_and_falls_with_the_angle() -> None:
    """Apart from the step that the published formula has at pi - margin, which goes down too."""
    cosines = torch.linspace(1, -1, 10001, dtype=torch.float64)[:, None]
    lowered = ArcFaceHead(4, 1).with_margin(cosines, torch.zeros(10001, dtype=torch.long))
    assert (lowered < cosines).all()
    assert (lowered.diff(dim=0) < 0).all()
