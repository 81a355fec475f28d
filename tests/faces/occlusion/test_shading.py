"""Light and material: the light of the photograph, noise of a known strength, soft shadows."""

import numpy as np
import pytest

from fdemd.faces.occlusion.canvas import Canvas
from fdemd.faces.occlusion.geometry import read_face
from fdemd.faces.occlusion.shading import contact_shadow, grain, photo_light, ridge, skin_outline
from tests.faces.occlusion.made_faces import landmarks_of

FACE = read_face(landmarks_of())


def light_on(image: np.ndarray) -> np.ndarray:
    return photo_light(Canvas(image, FACE, skin_outline(FACE), margin=2))


def test_even_light_is_even_and_darker_in_a_darker_picture() -> None:
    bright, dark = (light_on(np.full((150, 150, 3), level, np.uint8)) for level in (205, 90))
    assert bright == pytest.approx(1, abs=0.02)
    assert np.ptp(dark) < 0.05
    assert dark.mean() < 0.7


def test_the_lit_side_of_a_face_is_lighter() -> None:
    ramp = np.repeat(np.linspace(60, 220, 150)[None, :, None], 150, axis=0).repeat(3, axis=2).astype(np.uint8)
    light = light_on(ramp)
    assert light[:, -30:].mean() > 1.2 * light[:, :30].mean()


def test_grain_is_noise_around_1_that_its_seed_decides() -> None:
    noise = grain((200, 200), seed=3, amount=0.05)
    assert noise.mean() == pytest.approx(1, abs=0.01)
    assert 0.02 < noise.std() < 0.08
    np.testing.assert_array_equal(noise, grain((200, 200), seed=3, amount=0.05))
    assert (noise != grain((200, 200), seed=4, amount=0.05)).any()


def test_a_shadow_is_the_object_blurred_and_moved() -> None:
    alpha = np.zeros((60, 60), np.float32)
    alpha[20:40, 20:40] = 1
    shadow = contact_shadow(alpha, radius=3, offset=(0, 2), strength=0.5)
    assert shadow[30, 30] == pytest.approx(0.5, abs=0.01)
    assert 0 < shadow[42, 30] < 0.5
    assert shadow[42, 30] > shadow[17, 30], "the offset leads downwards"
    assert shadow[0, 0] == pytest.approx(0, abs=1e-3)


def test_a_ridge_is_1_at_its_centre_and_symmetric() -> None:
    values = ridge(np.array([0.3, 0.5, 0.7], np.float32), 0.5, 0.1)
    assert values[1] == 1
    assert values[0] == pytest.approx(values[2], rel=1e-5)
    assert values[0] < 0.5
