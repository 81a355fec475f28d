"""What happened to a face, and how much of it can be seen, told by linear probes on a network's frozen patches.

The condition: a softmax over the grid of unit patches, the length of each patch and the unit embedding. What is
visible: a logistic regression for each place of the grid, over its unit patch, the mean of those around it, the length
of each, and the probabilities of the conditions, which say what the rest of the face looks like.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.tensors.checks import check
from fdemd.tensors.directions import unit
from fdemd.visibility.conditions import CONDITIONS

_AROUND = 3
"""Rows and columns of the patches that count as those around one."""
_AT_ONCE = 256
"""Faces; their patches may be mapped, and more than there is memory for."""


@dataclass(frozen=True)
class Visibility:
    """What an estimator says of ``B`` faces.

    Attributes:
        visible: ``(B, N)`` in [0, 1], probability that a patch shows the face and no cover.
        condition: ``(B, K)`` probabilities of :data:`fdemd.visibility.conditions.CONDITIONS`; rows add up to 1.
    """

    visible: Tensor
    condition: Tensor


@dataclass(frozen=True)
class Layout:
    """The form of a network's features.

    Attributes:
        dimensions: Dimensions D of an embedding.
        grid: Rows and columns of patches.
        channels: Channels C of a patch.
    """

    dimensions: int
    grid: tuple[int, int]
    channels: int

    @classmethod
    def of(cls, features: Features) -> Layout:
        """Return the layout of some features."""
        return cls(features.embedding.shape[-1], features.grid, features.patches.shape[-1])

    @property
    def patches(self) -> int:
        """Number N of patches."""
        return self.grid[0] * self.grid[1]

    def __str__(self) -> str:
        return f"{self.grid[0]}x{self.grid[1]} patches of {self.channels} and embeddings of {self.dimensions}"


class VisibilityEstimator(nn.Module):
    """Features -> :class:`Visibility`. Made by :func:`fdemd.visibility.fit.fit_estimator`.

    Example:
        >>> features = Features(torch.ones(5, 3), torch.ones(5, 4, 2), (2, 2))
        >>> found = VisibilityEstimator(Layout.of(features))(features)
        >>> found.visible.shape, found.condition.shape
        (torch.Size([5, 4]), torch.Size([5, 7]))
    """

    length_mean: Tensor
    length_deviation: Tensor

    def __init__(self, layout: Layout) -> None:
        """Make an estimator that knows nothing yet.

        Args:
            layout: Form of the features that it takes.
        """
        super().__init__()
        self.layout = layout
        width = layout.patches * (layout.channels + 1) + layout.dimensions
        self.condition = nn.Linear(width, len(CONDITIONS))
        self.patch_weight = nn.Parameter(torch.zeros(layout.patches, 2 * layout.channels + 2 + len(CONDITIONS)))
        self.patch_bias = nn.Parameter(torch.zeros(layout.patches))
        self.register_buffer("length_mean", torch.zeros(layout.patches))
        self.register_buffer("length_deviation", torch.ones(layout.patches))
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.condition.bias)

    @torch.no_grad()
    def forward(self, features: Features) -> Visibility:
        """Tell what can be seen of faces.

        Args:
            features: Features of ``B`` faces of the network that the estimator was fitted on.

        Raises:
            InputError: The features have another layout, or are not finite.
        """
        found = [self._few(features[first : first + _AT_ONCE]) for first in range(0, max(len(features), 1), _AT_ONCE)]
        return Visibility(torch.cat([each.visible for each in found]), torch.cat([each.condition for each in found]))

    def _few(self, features: Features) -> Visibility:
        face, patches = self.inputs(features)
        condition = self.condition(face).softmax(1)
        logits = (with_condition(patches, condition) * self.patch_weight).sum(-1) + self.patch_bias
        return Visibility(logits.sigmoid(), condition)

    def inputs(self, features: Features) -> tuple[Tensor, Tensor]:
        """Return what is known of a face, ``(B, width)``, and of each patch and those around it, ``(B, N, 2 C + 2)``.

        Args:
            features: As for :meth:`forward`.

        Raises:
            InputError: As :meth:`forward`.
        """
        if (layout := Layout.of(features)) != self.layout:
            raise InputError(
                f"The estimator of visibility is for {self.layout}, and these features are {layout}; fit one for "
                "this network with fdemd calibrate."
            )
        check({"patches": (features.patches, "float B N C")})
        lengths = features.patches.float().norm(dim=-1)
        lengths = (lengths - self.length_mean) / self.length_deviation
        patches = unit(features.patches, "the patches")
        maps = patches.mT.unflatten(2, self.layout.grid)
        embedding = unit(features.embedding, "the embeddings")
        face = torch.cat([patches.flatten(1), lengths / self.layout.patches**0.5, embedding], dim=1)
        around = avg_pool2d(
            torch.cat([maps, lengths.unflatten(1, self.layout.grid)[:, None]], dim=1),
            _AROUND,
            stride=1,
            padding=_AROUND // 2,
            count_include_pad=False,
        )
        return face, torch.cat([patches, lengths[..., None], around.flatten(2).mT], dim=2)

    @torch.no_grad()
    def round_weights(self) -> None:
        """Round the weights to float16, as files keep them."""
        for weights in self.parameters():
            weights.copy_(weights.half())

    def measure_lengths(self, features: Features) -> None:
        """Take the mean and deviation of each patch's length from the faces to fit on."""
        lengths = features.patches.float().norm(dim=-1)
        self.length_mean.copy_(lengths.mean(0))
        self.length_deviation.copy_(lengths.std(0, unbiased=False).clamp_min(1e-6))


def with_condition(patches: Tensor, condition: Tensor) -> Tensor:
    """Return what the probe of patches is linear in, ``(B, N, 2 C + 2 + K)``.

    Args:
        patches: What is known of each patch, ``(B, N, 2 C + 2)``.
        condition: Probabilities of the conditions, ``(B, K)``.
    """
    return torch.cat([patches, condition[:, None].expand(-1, patches.shape[1], -1)], dim=2)
