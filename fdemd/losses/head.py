"""What every head is: the centres of the identities, and the logits of an embedding against them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from fdemd.errors import InputError
from fdemd.tensors.checks import check
from fdemd.tensors.directions import unit_unseen


class Head(nn.Module, ABC):
    """From embeddings to one logit an identity.

    The logits are computed in float32 whatever autocast says: half precision cannot tell the angles of alike faces
    apart, and overflows in the exponentials of scaled cosines.

    Attributes:
        weight: ``(identities, embedding size)``, a centre each.
        scale: what similarities are multiplied by to be logits.
    """

    def __init__(self, embedding_size: int, identities: int, scale: float) -> None:
        """Draw the centres (Xavier's uniform distribution).

        Raises:
            InputError: the scale is not above 0.
        """
        super().__init__()
        if not 0 < scale < float("inf"):
            raise InputError(f"loss.scale is {scale}; it must be a number above 0 (usual are 30 and 64).")
        self.scale = scale
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(identities, embedding_size)))

    @abstractmethod
    def similarity(self, embedding: Tensor) -> Tensor:
        """Similarity of embeddings ``(B, D)`` to every centre, without margin and scale: ``(B, identities)``.

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
        """Logits to train on, ``(B, identities)`` float32, of embeddings ``(B, D)`` of identities ``labels (B,)``."""
        return self.scale * self.with_margin(self.similarity(embedding), labels)

    def check_embedding(self, embedding: Tensor) -> None:
        """Check that embeddings are as long as the centres (ValueError)."""
        check({"embedding": (embedding, "float B D"), "the centres": (self.weight, "float I D")})


def check_labels(logits: Tensor, labels: Tensor, identities: int | None = None) -> Tensor:
    """Return the labels, int64.

    Args:
        logits: ``(B, identities)``, or embeddings ``(B, D)``.
        labels: ``(B,)`` whole numbers from 0 to below the identities.
        identities: None takes those of the logits.

    Raises:
        ValueError: another shape or type, or a label out of range.
    """
    _, labels = check({"logits": (logits, "float B I"), "labels": (labels, "whole B")})
    identities = logits.shape[1] if identities is None else identities
    if ((labels < 0) | (labels >= identities)).any():  # one question: each waits for the GPU
        raise ValueError(f"Labels are numbers from 0 to {identities - 1}, one for each identity.")
    return labels


class CosineHead(Head):
    """A head whose similarity is the cosine: neither embeddings nor centres have a length that counts."""

    def similarity(self, embedding: Tensor) -> Tensor:
        """See :meth:`Head.similarity`; the cosines may leave [-1, 1] by rounding."""
        self.check_embedding(embedding)
        with torch.autocast(embedding.device.type, enabled=False):
            embedding, weight = in_full_precision(embedding, self.weight)
            return linear(unit_unseen(embedding), normalize(weight))


def in_full_precision(*tensors: Tensor) -> list[Tensor]:
    """The tensors as float32, or float64 if one of them has it."""
    dtype = torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32
    return [tensor.to(dtype) for tensor in tensors]
