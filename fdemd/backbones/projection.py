"""Each patch's own share of the embedding, where the embedding is a linear layer over the last map."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from fdemd.backbones.backbone import Backbone
from fdemd.errors import InputError, unknown
from fdemd.features import Features, check_patches

_FACES_AT_ONCE = 256
_MAPS_AT_ONCE = 512
_TOLERANCE = 1e-3
"""Largest error of the linear form, as a share of the embedding's size."""


RAW, PROJECTED = "raw", "projected"
"""Kinds of patches: as the network gives them, or each one's share of the embedding."""


def patches_for(kind: str, backbone: Backbone | None, features: Features) -> Callable[[Features], Features]:
    """Return what turns a network's features into those with a kind of patches.

    Args:
        kind: ``raw`` or ``projected``.
        backbone: The network; None will do for raw patches.
        features: Its features of any number of faces.

    Raises:
        InputError: There is no such kind, or this network has no such patches.
    """
    if kind not in (RAW, PROJECTED):
        raise unknown("kind of patches", kind, (RAW, PROJECTED))
    if kind == RAW:
        return lambda given: given
    if backbone is None:
        raise InputError("Projected patches are made by the network that gave the features; use raw ones without it.")
    return Projection(backbone, features)


class Projection:
    """Replaces raw patches by *projected* ones: ``W_i p_i + b / N``, which add up to the embedding.

    ``embedding = b + sum_i W_i p_i`` holds for a fully connected layer over the flattened map, for a mean or a
    depthwise convolution over the whole map, and for whatever linear layers and batch norms follow. The idea is
    DIML's (Zhao et al., ICCV 2021, there for a mean and one layer); W_i are the gradients of the embedding, and b is
    the embedding of a map of zeros. A network without gradients (ONNX; made in inference mode) is shown maps with a
    single number instead.
    """

    def __init__(self, backbone: Backbone, features: Features) -> None:
        """Find the linear form.

        Args:
            backbone: the network.
            features: Its features of any number of faces; they give the grid and the channels.

        Raises:
            InputError: There are no patches, or its embedding is not a linear function of them.
        """
        check_patches(features, "the features")
        patches, channels = features.patches.shape[1:]
        grid = features.grid

        @torch.inference_mode()
        def embeddings(flat: Tensor) -> Tensor:
            return backbone.embed_map(flat.mT.unflatten(2, grid).contiguous())

        self._grid = grid
        self._bias = embeddings(torch.zeros(1, patches, channels))[0]
        if backbone.differentiable and not any(each.is_inference() for each in backbone.parameters()):
            weight = _gradients(backbone, len(self._bias), channels, grid)
        else:
            size = patches * channels
            single = (one_hot(places, size).float() for places in torch.arange(size).split(_MAPS_AT_ONCE))
            weight = torch.cat([embeddings(maps.view(-1, patches, channels)) - self._bias for maps in single])
        self._weight = weight.view(patches, channels, -1)
        tried = torch.randn(4, patches, channels, generator=torch.Generator().manual_seed(0))
        wanted, found = embeddings(tried), self._shares(tried).sum(1)
        if not (wanted - found).norm() <= _TOLERANCE * wanted.norm():
            raise InputError(
                "This network's embedding is not a linear function of these patches, so that they have no share in it; "
                "use rerank.patches=raw, or the map before its last linear layer (onnx: model.patches=null)."
            )

    @torch.inference_mode()
    def __call__(self, features: Features) -> Features:
        """The same faces with patches ``(B, N, D)`` in the precision of the raw ones.

        Raises:
            ValueError: features of another grid.
        """
        if features.grid != self._grid:
            raise ValueError(f"The projection is for a grid of {self._grid}, not of {features.grid}.")
        dtype = features.patches.dtype
        shares = [self._shares(some.float()).to(dtype) for some in features.patches.split(_FACES_AT_ONCE)]
        return Features(features.embedding, torch.cat(shares), features.grid, features.landmarks)

    def _shares(self, patches: Tensor) -> Tensor:
        return (patches.transpose(0, 1) @ self._weight).transpose(0, 1) + self._bias / len(self._weight)


@torch.inference_mode(False)
@torch.enable_grad()
def _gradients(backbone: Backbone, length: int, channels: int, grid: tuple[int, int]) -> Tensor:
    """Return the gradients ``(N, C, D)`` of an embedding of ``length`` D: a map of its own for each of its numbers."""
    maps = torch.zeros(length, channels, *grid, requires_grad=True)
    (found,) = torch.autograd.grad(backbone.embed_map(maps).diagonal().sum(), maps)
    return found.flatten(2).permute(2, 1, 0).contiguous()
