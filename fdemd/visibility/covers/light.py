"""Light that changes a face and covers nothing of it, so that an estimator does not take a shadow for a cover."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def relight(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a picture in another light: a soft shadow or glare, another exposure and colour, noise of the sensor.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        rng: Source of everything random.
    """
    height, width = image.shape[:2]
    coarse = rng.normal(0, rng.uniform(0, 0.5), (3, 3)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    exposure = np.exp(field + np.float32(rng.normal(0, 0.15)))[..., None]
    tint = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
    if (image[..., 0] == image[..., 2]).all():  # a grey picture stays grey
        tint[:] = 1
    noise = rng.normal(0, rng.uniform(0, 6), (height, width, 1)).astype(np.float32)
    return np.clip(np.rint(image * exposure * tint + noise), 0, 255).astype(np.uint8)
