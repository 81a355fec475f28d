"""Features of made networks whose patches tell what covers them."""

import torch

from fdemd.backbones import Backbone
from fdemd.features import Features
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator
from fdemd.visibility.truth import CoverTruth

GRIDS = ((3, 3), (8, 8), (7, 6), (1, 1))


class MeanNet(Backbone):
    """A grid of mean colours; weights of its own by the seed."""

    face_size = (8, 8)
    alignment = "dlib"
    weights_sha256 = "random"

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = torch.nn.Parameter(torch.randn(3, 5, generator=generator))

    def forward(self, faces: torch.Tensor) -> Features:
        patches = torch.nn.functional.avg_pool2d(faces, 2).flatten(2).mT @ self.weight
        return Features(patches.mean(1), patches, (4, 4))


def noise(faces: int = 6, grid: tuple[int, int] = (4, 4), channels: int = 5, seed: int = 0) -> Features:
    generator = torch.Generator().manual_seed(seed)
    patches = torch.randn(faces, grid[0] * grid[1], channels, generator=generator)
    return Features(torch.randn(faces, 8, generator=generator), patches, grid)


def planted(faces: int = 400, seed: int = 0) -> tuple[Features, CoverTruth]:
    """Faces whose lower or upper half is covered, or nothing; a covered patch points elsewhere."""
    features = noise(faces, seed=seed)
    condition = torch.arange(faces) % 3
    visible = torch.ones(faces, 4, 4)
    visible[condition == CONDITIONS.index("below"), 2:] = 0
    visible[condition == CONDITIONS.index("above"), :2] = 0
    visible = visible.flatten(1)
    patches = features.patches + 6 * (1 - visible)[..., None] * torch.tensor([1.0, -1, 1, 0, 0])
    return Features(features.embedding, patches, features.grid), CoverTruth(condition, visible)


def made_estimator(layout: Layout, seed: int = 0) -> VisibilityEstimator:
    """An estimator with random weights."""
    estimator = VisibilityEstimator(layout)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in estimator.parameters():
            weights.copy_(torch.randn(weights.shape, generator=generator) / 4)
    estimator.round_weights()
    return estimator.eval().requires_grad_(False)


def made_calibration(backbone: Backbone, alphas: list[float] | None = None) -> Calibration:
    """A calibration of a network, for the usual second stage."""
    layout = Layout.of(backbone(torch.rand(1, 3, *backbone.face_size)))
    return Calibration(
        made_estimator(layout),
        torch.tensor(alphas or [0.0, 0.7, 0.6, 1.0, 0.5, 0.25, 0.5]),
        {"name": "made", "weights_sha256": backbone.fingerprint(), "template": backbone.alignment},
        {"method": "emd", "weighting": "apc", "eps": 0.05, "stop": "converged", "patches": "raw", "grid": None},
        {"seed": 0},
    )
