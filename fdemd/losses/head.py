"""Classification heads: a centre for each identity, and the logits of an embedding against the centres."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from fdemd.tensors.checks import check
from fdemd.tensors.directions import unit_unseen


class Head(nn.Module, ABC):
    """A layer from embeddings to one logit for each identity.

    The logits are computed in float32 whatever autocast says: half precision cannot tell the angles of alike faces
    apart, and overflows in the exponentials of scaled cosines.

    Attributes:
        weight: ``(identities, embedding size)``, the centre of each identity.
        scale: Factor that makes logits of similarities.
    """

    def __init__(self, embedding_size: int, identities: int, scale: float) -> None:
        """Draw the centres from Xavier's uniform distribution."""
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(identities, embedding_size)))

    @abstractmethod
    def similarity(self, embedding: Tensor) -> Tensor:
        """Return the similarity ``(B, identities)`` of embeddings ``(B, D)`` to every centre, without margin and scale.

        Raises:
            ValueError: embeddings of another size or type.
        """

    @abstractmethod
    def with_margin(self, similarity: Tensor, labels: Tensor) -> Tensor:
        """Lower the similarities ``(B, identities)`` to the faces' own identities ``labels (B,)`` by the margin.

        What it returns is still to be scaled, by ``scale`` or by a number a face ``(B, 1)``.

        Raises:
            ValueError: labels of other faces, or of nobody, see :func:`check_labels`.
        """

    def forward(self, embedding: Tensor, labels: Tensor) -> Tensor:
        """Return the logits to train on, ``(B, identities)`` float32.

        Args:
            embedding: ``(B, D)``, of any length.
            labels: ``(B,)`` whole numbers, the identity of each face.
        """
        return self.scale * self.with_margin(self.similarity(embedding), labels)

    def check_embedding(self, embedding: Tensor) -> None:
        """Check that embeddings are as long as the centres (ValueError)."""
        check({"embedding": (embedding, "float B D"), "the centres": (self.weight, "float I D")})


def check_labels(logits: Tensor, labels: Tensor, identities: int | None = None) -> Tensor:
    """Check labels against the batch that they belong to.

    Args:
        logits: ``(B, identities)``, or embeddings ``(B, D)``.
        labels: ``(B,)`` whole numbers from 0 to ``identities - 1``.
        identities: Number of identities; None takes that of the logits.

    Returns:
        The labels as int64.

    Raises:
        ValueError: another shape or type, or a label out of range.
    """
    _, labels = check({"logits": (logits, "float B I"), "labels": (labels, "whole B")})
    identities = logits.shape[1] if identities is None else identities
    if ((labels < 0) | (labels >= identities)).any():  # one question: each waits for the GPU
        raise ValueError(f"Labels are numbers from 0 to {identities - 1}, one for each identity.")
    return labels


class CosineHead(Head):
    """A head whose similarity is the cosine, so that the lengths of embeddings and centres do not matter."""

    def similarity(self, embedding: Tensor) -> Tensor:
        """See :meth:`Head.similarity`; the cosines may leave [-1, 1] by rounding."""
        self.check_embedding(embedding)
        with torch.autocast(embedding.device.type, enabled=False):
            embedding, weight = in_full_precision(embedding, self.weight)
            return linear(unit_unseen(embedding), normalize(weight))


def in_full_precision(*tensors: Tensor) -> list[Tensor]:
    """Return the tensors as float32, or as float64 if one of them has it."""
    dtype = torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32
    return [tensor.to(dtype) for tensor in tensors]
