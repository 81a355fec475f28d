"""Galleries enrolled with copies: each face also with a cover drawn on it, for queries that are covered alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.tensors.directions import unit
from fdemd.visibility.conditions import CONDITIONS, Condition
from fdemd.visibility.estimator import Visibility

PLAIN = CONDITIONS.index("clean")
"""Number of the gallery without copies, where those with copies have the number of their condition."""
_SURE = 0.5
"""Probability of a condition above which a query is compared with its copies."""


@dataclass(frozen=True, eq=False)
class Copies:
    """Galleries of the same faces, and which of them each query searches.

    Attributes:
        galleries: Condition -> the gallery enrolled with copies in which it was drawn, see :func:`enrolled`.
        estimator: Tells the condition of a query. Those whose condition has no copies, or is not likely, search the
            gallery as it is.
    """

    galleries: Mapping[Condition, Features]
    estimator: Callable[[Features], Visibility]

    def choose(self, query: Features) -> Tensor:
        """Return the number of the gallery that each query searches, ``(Q,)``: ``PLAIN`` or that of a condition.

        Args:
            query: Features of ``Q`` faces.
        """
        probability, condition = self.estimator(query).condition.max(1)
        drawn = torch.tensor([name in self.galleries for name in CONDITIONS], device=condition.device)
        return condition.where(drawn[condition] & (probability > _SURE), PLAIN)


def enrolled(faces: Features, copies: Features) -> Features:
    """Return faces enrolled with a copy each: the mean of both embeddings, as directions, and of both grids of patches.

    Args:
        faces: Features of ``B`` faces.
        copies: Of the same faces with something drawn on them.

    Raises:
        InputError: Features that are not finite.

    Example:
        >>> face, copy = (Features(torch.tensor([each]), torch.ones(1, 4, 2), (2, 2)) for each in ([2.0, 0], [0, 3.0]))
        >>> enrolled(face, copy).embedding
        tensor([[1., 1.]])
    """
    embedding = unit(faces.embedding, "the embeddings") + unit(copies.embedding, "the copies' embeddings")
    patches = (faces.patches.float() + copies.patches.float()) / 2
    return Features(embedding, patches.to(faces.patches.dtype), faces.grid, faces.landmarks)
