"""Compact patches: directions in fewer channels, kept in int8 as the engines multiply them, and a length each.

The cosine of two patches is the product of their directions. A linear map to fewer channels keeps these products as
well as it can, and what it leaves out counts as if it were at right angles: directions are not brought back to length 1
after the map (docs/scale.md has what that changes).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.features import Features, check_patches
from fdemd.tensors.checks import check
from fdemd.tensors.directions import by_power_of_two, unit

BYTES_A_FACE = 8192
"""What the compact patches of a face take at the most."""
BYTES_OF_SCALE = 4
"""Two numbers of float16 a patch."""
_LARGEST = 127
_FACES_AT_ONCE = 256
_FITTED_FACES = 1000
"""Faces, at most, that a map is fitted on: tens of thousands of patches, of which more would change nothing."""


@dataclass(frozen=True, eq=False)
class PatchMap:
    """A linear map of patches to fewer channels.

    Attributes:
        matrix: ``(C, c)`` float32 with orthonormal columns.
    """

    matrix: Tensor

    def __post_init__(self) -> None:
        check({"matrix": (self.matrix, "float32 C c")})

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the matrix: its numbers as float32, little-endian, row by row."""
        return hashlib.sha256(self.matrix.cpu().numpy().astype("<f4").tobytes()).hexdigest()


def channels_within(patches: int, channels: int, bytes_a_face: int = BYTES_A_FACE) -> int:
    """Return how many channels compact patches can have: one byte each, and four for the scale of a patch.

    Args:
        patches: Number of patches of a face.
        channels: Number that there are; there are no more in the end.
        bytes_a_face: What all patches of a face may take.

    Raises:
        InputError: There is no room for one channel.

    Examples:
        >>> channels_within(64, 512), channels_within(9, 1792), channels_within(49, 64)
        (124, 906, 64)
    """
    room = bytes_a_face // patches - BYTES_OF_SCALE
    if room < 1:
        raise InputError(
            f"{bytes_a_face} bytes a face are too few for {patches} patches, each of which takes "
            f"{BYTES_OF_SCALE + 1} or more; pool them to a coarser grid first."
        )
    return min(room, channels)


@torch.no_grad()
def fit_patch_map(faces: Features, channels: int) -> PatchMap:
    """Fit the map to ``channels`` channels that keeps the products of patches' directions best.

    It projects on the leading right singular vectors of the directions, which are not centred (Eckart and Young, 1936).
    A random rotation, always the same, then spreads what is kept evenly over the channels: rounding to whole numbers
    costs least where no channel is much larger than the others.

    Args:
        faces: Features of some hundred faces or more, of any people; of many, 1,000 spread evenly over them are used.
        channels: Number to be left, at most that of the patches.

    Raises:
        InputError: There are no patches, or not as many channels, or numbers that are not finite.
    """
    check_patches(faces, "the faces that the map is fitted on")
    there = faces.patches.shape[2]
    if not 1 <= channels <= there:
        raise InputError(f"Patches of {there} channels cannot be mapped to {channels}.")
    products = torch.zeros(there, there, dtype=torch.float64)
    for rows in torch.linspace(0, len(faces) - 1, min(len(faces), _FITTED_FACES)).long().split(_FACES_AT_ONCE):
        some = unit(faces.patches[rows], "the patches").flatten(0, 1)
        products += (some.T @ some).double().cpu()
    leading = torch.linalg.eigh(products).eigenvectors[:, -channels:]
    return PatchMap((leading @ _rotation(channels)).float().contiguous())


def map_within(faces: Features, bytes_a_face: int = BYTES_A_FACE) -> PatchMap | None:
    """Return the map to as many channels as fit into a number of bytes a face; None if all of them do.

    Args:
        faces: As for :func:`fit_patch_map`.
        bytes_a_face: What all patches of a face may take.

    Raises:
        InputError: As :func:`channels_within` and :func:`fit_patch_map`.
    """
    check_patches(faces, "the faces that the map is fitted on")
    _, patches, channels = faces.patches.shape
    room = channels_within(patches, channels, bytes_a_face)
    return None if room == channels else fit_patch_map(faces, room)


def _rotation(size: int) -> Tensor:
    numbers = torch.randn(size, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found, triangular = torch.linalg.qr(numbers)
    return found * triangular.diagonal().sign()


@torch.no_grad()
def compact(faces: Features, patch_map: PatchMap | None = None) -> Features:
    """Return the same faces with compact patches.

    Args:
        faces: Features with patches in floating point.
        patch_map: Map to fewer channels, the same for all faces that are compared; None keeps all channels.

    Returns:
        Features whose patches are int8, from -127 to 127, with a ``scale`` in float16.

    Raises:
        InputError: There are no patches, they do not fit the map, or some numbers are not finite.

    Examples:
        >>> faces = compact(Features([[1.0, 0.0]], [[[3.0, -4.0], [0.0, 0.5]]]))
        >>> faces.patches.tolist(), faces.scale[..., 1].tolist()
        ([[[95, -127], [0, 127]]], [[0.625, 0.0625]])
    """
    check_patches(faces, "the faces to be made compact")
    if patch_map is not None and patch_map.matrix.shape[0] != faces.patches.shape[2]:
        raise InputError(
            f"The map takes patches of {patch_map.matrix.shape[0]} channels, and these have {faces.patches.shape[2]}."
        )
    chunks = [
        _rounded(faces.patches[first : first + _FACES_AT_ONCE], patch_map)
        for first in range(0, max(1, len(faces)), _FACES_AT_ONCE)
    ]
    patches, scale = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    return Features(faces.embedding, patches, faces.grid, faces.landmarks, scale, faces.visible)


def _rounded(patches: Tensor, patch_map: PatchMap | None) -> tuple[Tensor, Tensor]:
    direction = unit(patches, "the patches")
    length = patches.double().norm(dim=-1)
    length = by_power_of_two(length, length.amax(-1, keepdim=True)).half()
    if patch_map is not None:
        direction = direction @ patch_map.matrix.to(direction.device)
    # A little less than 127 is meant, so that nothing is beyond it when the step is rounded to float16.
    step = (direction.abs().amax(-1) / (_LARGEST - 0.1)).clamp_min(torch.finfo(torch.float16).tiny).half()
    numbers = (direction / step.float()[..., None]).round()
    return numbers.to(torch.int8), torch.stack([step, length], dim=-1)
