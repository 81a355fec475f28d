"""The contract of the second stage: features of queries, of a gallery, and a shortlist -> similarities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.visibility.estimator import Visibility

Progress = Callable[[int], None]
"""Told the number of pairs just computed."""


def no_progress(pairs: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Similarity:
    """What a re-ranker says of the ``k`` candidates of ``Q`` queries.

    Attributes:
        values: ``(Q, k)`` float, larger is closer, in the order of the candidates; any finite number where there is
            nobody.
        fallback: ``(Q, k)`` booleans, pairs that had to be compared in another way than asked for; None without any.
        unfinished: ``(Q, k)`` booleans, pairs whose computation was broken off; None without any.
        engine: Name of what computed it; empty if there is no choice.
    """

    values: Tensor
    fallback: Tensor | None = None
    unfinished: Tensor | None = None
    engine: str = ""


def check_similarity(found: object, shortlist: Tensor, reranker: str) -> Similarity:
    """Return what a re-ranker said of a shortlist, if that is what the contract asks for.

    Args:
        found: What it returned.
        shortlist: ``(Q, k)`` gallery rows that it was asked about.
        reranker: Its name, for the error.

    Raises:
        InputError: It is no :class:`Similarity`, or of other types, shapes or devices, or a value is not finite.
    """
    if not isinstance(found, Similarity):
        raise InputError(f"The re-ranker {reranker} returned a {type(found).__name__}; it must return a Similarity.")
    parts = {"values": found.values, "fallback": found.fallback, "unfinished": found.unfinished}
    for name, part in parts.items():
        if part is None and name != "values":
            continue
        if not isinstance(part, Tensor) or part.shape != shortlist.shape or part.device != shortlist.device:
            raise InputError(
                f"The re-ranker {reranker} returned {name} {_described(part)}; a shortlist that is "
                f"{_described(shortlist)} needs a tensor of its shape and device."
            )
        if not (part.is_floating_point() if name == "values" else part.dtype == torch.bool):
            wanted = "floating point numbers" if name == "values" else "booleans"
            raise InputError(f"The re-ranker {reranker} returned {name} of {part.dtype}; they must be {wanted}.")
    if not found.values.isfinite().all():
        raise InputError(
            f"The re-ranker {reranker} gave similarities that are not finite (NaN or infinity), so that nothing can be "
            "ordered by them."
        )
    return found


def _described(array: object) -> str:
    shape = ", ".join(map(str, getattr(array, "shape", ())))
    return f"a {type(array).__name__} ({shape}) on {getattr(array, 'device', 'no device')}"


class Reranker(ABC):
    """Compares queries with the candidates of their shortlists, to order these anew.

    A new one is a class like the example; where it goes, here or in a package of its own: CONTRIBUTING.md. The keywords
    of its constructor are its settings; ``rerank.alpha`` and ``rerank.k`` are common to all.

    Attributes:
        patches: Kind of patches that it compares, ``raw`` or ``projected``, see
            :func:`fdemd.backbones.projection.patches_for`.
        pairwise: Whether a pair's similarity depends on these two faces alone, so that two protocols, and every ``k``
            of a study, can share it.
        needs_barred: Whether it is to be told which faces a query may not be compared with.
        estimator: Tells how much of each patch can be seen, which the features that it is given then say
            (``Features.visible``); None if it does not ask.
        compares_compact: Whether it can compare compact patches (:mod:`fdemd.emd.compact`); others are given full ones.
        batch: Queries, at most, whose similarities are stored together; None for all.

    Example:
        >>> import torch
        >>> class Nearest(Reranker):
        ...     '''Minus the Euclidean distance of embeddings, divided by a temperature.'''
        ...
        ...     pairwise = True
        ...
        ...     def __init__(self, *, temperature: float = 1.0) -> None:
        ...         self.temperature = temperature
        ...
        ...     def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=no_progress):
        ...         difference = query.embedding[:, None] - gallery.embedding[shortlist]
        ...         return Similarity(-difference.norm(dim=2) / self.temperature)
        >>> faces = Features(torch.eye(3), torch.ones(3, 4, 2), (2, 2))
        >>> Nearest().similarity(faces[:1], faces, torch.tensor([[0, 2]])).values
        tensor([[-0.0000, -1.4142]])
    """

    patches: str = "raw"
    pairwise: bool = False
    needs_barred: bool = False
    estimator: Callable[[Features], Visibility] | None = None
    compares_compact: bool = False
    batch: int | None = None

    @abstractmethod
    def similarity(
        self,
        query: Features,
        gallery: Features,
        shortlist: Tensor,
        *,
        barred: Tensor | None = None,
        on_progress: Progress = no_progress,
    ) -> Similarity:
        """Return the similarity of each query to its candidates.

        Args:
            query: Features of ``Q`` queries, as :meth:`prepare` left them.
            gallery: Features of ``G`` gallery faces, likewise.
            shortlist: ``(Q, k)`` int64 gallery rows, best first by the first stage; -1 only at the end, for nobody.
            barred: ``(Q, b)`` gallery rows that each query may not be compared with, filled up with -1; None if it may
                be compared with all, or if the re-ranker does not need them.
            on_progress: To be told the number of pairs just computed.
        """

    def prepare(self, features: Features) -> Features:
        """Return the features of one side as they are compared, such as with pooled patches; made once."""
        return features

    def stored_as(self) -> Mapping[str, Any] | None:
        """Return the plain values that decide the similarity beside features and candidates, for the cache.

        None, the default, computes it anew each time. Of a plug-in the file that defines it is added to them.
        """
        return None
