"""A check that a weight file gave a usable face network, the same for every kind of network."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fdemd.backbones.backbone import Backbone
from fdemd.errors import InputError

_FACES = 3
_COARSE = 7
"""Sides of the synthetic faces before they are enlarged: large shapes, as faces have."""
_ALIKE = 1e-3
"""Embeddings are the same if no two are further apart, as a share of their length; their cosines would be rounding."""
_ALIKE_REAL = 1e-5
_ALONE, _ALONE_IN_HALVES = 1e-2, 5e-2
"""How far the embedding of a face may be from itself in company, likewise; batch norm in training is off by 1 or so."""
_OTHER_FACES = 0.02
"""Mean difference of pixels (0 to 1) from which two real faces are taken for two pictures."""


def check_sound(backbone: Backbone, name: str) -> None:
    """Check a network, in evaluation mode, on synthetic faces.

    Args:
        backbone: The network, on the CPU.
        name: Name for errors, such as ``onnx``.

    Raises:
        InputError: An embedding is not finite or zero, all are the same, or one depends on the other faces of a batch.
    """
    generator = torch.Generator().manual_seed(0)  # its own: what is drawn after this is drawn as without it
    coarse = torch.rand(_FACES, 3, _COARSE, _COARSE, generator=generator)
    faces = F.interpolate(coarse, size=backbone.face_size, mode="bilinear", align_corners=False)
    _check(backbone, faces, f"The network {name}", _ALIKE)


def check_sound_on(backbone: Backbone, faces: Tensor) -> None:
    """Check a network on a few real faces ``(B, 3, H, W)``, on their device and in the precision of the run.

    Raises:
        InputError: As for :func:`check_sound`.
    """
    faces = faces[:_FACES]
    apart = (faces[:1] - faces).abs().mean((1, 2, 3)) > _OTHER_FACES
    apart[:1] = True  # the first, and those that are other pictures
    _check(backbone, faces[apart], "This network", _ALIKE_REAL)


@torch.no_grad()
def _check(backbone: Backbone, faces: Tensor, name: str, alike: float) -> None:
    found = backbone(faces).embedding
    halves = torch.is_autocast_enabled(faces.device.type) or found.dtype in (torch.float16, torch.bfloat16)
    together = found.double()
    length = together.norm(dim=1)
    if not together.isfinite().all():
        raise InputError(f"{name} gives embeddings that are not finite numbers; its weights are at fault.")
    if not length.all():
        raise InputError(f"{name} gives a face an embedding of zeros; its weights are at fault.")
    if len(faces) > 1 and (together[:1] - together).norm(dim=1).max() < alike * length.max():
        raise InputError(
            f"{name} gives every face the same embedding, so that it tells nobody apart; its weights are at fault."
        )
    alone = backbone(faces[:1]).embedding.double()
    if not (alone - together[:1]).norm() <= (_ALONE_IN_HALVES if halves else _ALONE) * length[0]:
        raise InputError(
            f"{name} gives a face another embedding alone than together with other faces, so that results would depend "
            "on the size of a batch. It was saved while it trained (batch norm, dropout), or draws by chance; save it "
            "in evaluation mode: model.eval() before torch.onnx.export or the like."
        )
