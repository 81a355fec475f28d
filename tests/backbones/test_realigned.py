"""A network that looks at faces of another alignment: they are where cv2 would put them, and gradients flow back."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.backbones.realigned import Realigned
from fdemd.faces.alignment import TEMPLATES, template_transform
from fdemd.features import Features


class Seen(Backbone):
    """Says nothing but the face that it was given."""

    alignment = "insightface"
    face_size = (112, 112)
    weights_sha256 = "none"

    def forward(self, faces: Tensor) -> Features:
        return Features(faces.flatten(1), faces.flatten(2).mT, self.face_size)


def realigned(template: str, size: tuple[int, int]) -> tuple[Realigned, np.ndarray]:
    move = template_transform(template, size, Seen.alignment, Seen.face_size)
    return Realigned(Seen(), template, size, move), move


@pytest.mark.parametrize(
    ("template", "size"), [("dlib", (150, 150)), ("box_160", (160, 160)), ("insightface_112x96", (112, 96))]
)
def test_faces_are_moved_as_opencv_moves_them(template: str, size: tuple[int, int]) -> None:
    small = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    picture = cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)
    network, move = realigned(template, size)
    assert (network.alignment, network.face_size) == (template, size)
    seen = network(torch.from_numpy(picture).permute(2, 0, 1)[None] / 255).embedding.view(3, 112, 112)
    expected = cv2.warpAffine(picture, move, (112, 112), flags=cv2.INTER_LINEAR)
    # OpenCV rounds places to a 32nd of a pixel and pixels to whole levels.
    difference = np.abs(seen.permute(1, 2, 0).numpy() * 255 - expected)
    assert np.quantile(difference, 0.98) < 2
    assert difference[30:80, 30:80].max() < 3


def test_the_five_points_come_to_lie_where_the_other_template_has_them() -> None:
    move = template_transform("dlib", (300, 300), "insightface", (112, 112))
    points = 2 * TEMPLATES["dlib"].points @ move[:, :2].T + move[:, 2]
    assert np.abs(points - TEMPLATES["insightface"].points).max() < 4
    np.testing.assert_allclose(
        template_transform("dlib", (150, 150), "dlib", (75, 75)), [[0.5, 0, 0], [0, 0.5, 0]], atol=1e-12
    )


def test_a_change_of_what_is_seen_is_a_change_of_the_face() -> None:
    network, _ = realigned("dlib", (150, 150))
    face = torch.rand(1, 3, 150, 150, requires_grad=True)
    network(face).embedding.sum().backward()
    assert face.grad is not None
    assert (face.grad[..., 20:130, 20:130] > 0).all()
