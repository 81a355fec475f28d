"""Pictures as arrays: NumPy's ``(H, W, 3)`` or PyTorch's ``(3, H, W)``, bytes or numbers in [0, 1]."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.tensors.arrays import as_tensor


def colours_first(picture: object, name: str) -> Tensor:
    """Return a picture as ``(3, H, W)``, uint8 or floating point in [0, 1], whichever it is.

    Args:
        picture: Array ``(H, W, 3)`` or ``(3, H, W)``, RGB, uint8 or floating point in [0, 1].
        name: Name of the argument, for the error.

    Raises:
        InputError: It is of another shape or type, or a value lies outside [0, 1].

    Examples:
        >>> colours_first(np.zeros((112, 96, 3), np.uint8), "face").shape
        torch.Size([3, 112, 96])
        >>> colours_first(np.full((112, 96, 3), 255.0), "face")
        Traceback (most recent call last):
        fdemd.errors.InputError: face has values from 255 to 255; floating point pictures lie in [0, 1], so divide \
them by 255.
    """
    pixels = as_tensor(picture, name)
    if pixels.dim() != 3 or 3 not in (pixels.shape[0], pixels.shape[2]):
        found = ", ".join(map(str, pixels.shape))
        raise InputError(f"{name} is ({found}); it must be an RGB picture, (H, W, 3) or (3, H, W).")
    if pixels.shape[2] == 3:
        pixels = pixels.movedim(2, 0)
    if pixels.is_floating_point():
        low, high = (float(end) for end in torch.aminmax(pixels.detach())) if pixels.numel() else (0.0, 0.0)
        if not (low >= 0 and high <= 1):
            raise InputError(
                f"{name} has values from {low:g} to {high:g}; floating point pictures lie in [0, 1], so divide them by "
                "255."
            )
    elif pixels.dtype != torch.uint8:
        kind = str(pixels.dtype).removeprefix("torch.")
        raise InputError(f"{name} is of {kind}; a picture is of uint8, or of floating point numbers in [0, 1].")
    return pixels


def as_bytes(picture: object, name: str) -> np.ndarray:
    """Return a picture as ``(H, W, 3)`` uint8, rounded if it is not so already.

    Args:
        picture: As for :func:`colours_first`.
        name: Name of the argument, for the error.

    Raises:
        InputError: As for :func:`colours_first`.
    """
    pixels = colours_first(picture, name).detach().cpu()
    if pixels.is_floating_point():
        pixels = (pixels.float() * 255).round().to(torch.uint8)
    return np.ascontiguousarray(pixels.movedim(0, 2).numpy())
