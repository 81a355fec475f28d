"""Sections ``stage1``, ``rerank`` and ``features``: how a gallery is ranked, and ranked again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fdemd.settings.section import (
    Section,
    at_least,
    is_number,
    is_size,
    refuse,
    takes,
    that,
    within,
)

Protocol = Literal["leave-twin-out", "official"]
Precision = Literal["float32", "float16", "bfloat16"]
Weighting = Literal["uniform", "apc", "apc_raw", "cc", "sc", "sc_sim", "lmk", "norm", "uew"]

SMALLEST_EPS, LARGEST_EPS = 2 / 700, 10.0
"""Below, the kernel underflows in float64; above, every flow is the outer product of the weights."""

Alpha = Annotated[
    Any,
    takes(lambda value: value == "auto" or is_number(value), "a number between 0 and 1, or auto"),
    that(
        lambda value: value == "auto" or 0 <= value <= 1,
        "it must lie between 0 (cosine of embeddings alone) and 1 (Earth Mover's similarity alone). The paper has 0.7",
    ),
]
K = Annotated[int, at_least(1, "at least 1 candidate must be re-ranked (the paper has 100)")]
Eps = Annotated[
    float,
    within(
        lambda eps: SMALLEST_EPS <= eps <= LARGEST_EPS,
        f"it must lie between {SMALLEST_EPS:.4f} and 10 (the paper has 0.05)",
    ),
]
Grid = Annotated[
    Any,
    takes(lambda value: value is None or isinstance(value, list), "[rows,columns], such as [4,4]"),
    that(
        lambda value: value is None or is_size(value),
        "it must be [rows, columns], such as [4,4]; up to 4096 each",
    ),
]


class NoRerank(Section):
    """``configs/rerank/none.yaml``."""

    method: Literal["none"]


class EmdRerank(Section):
    """``configs/rerank/emd.yaml``."""

    method: Literal["emd"]
    alpha: Alpha
    k: K
    weighting: Weighting
    eps: Eps
    stop: Literal["converged", "official"]
    tolerance: Annotated[
        float, within(lambda value: 0 < value < 1, "it must lie between 0 and 1 (the default is 3e-4)")
    ]
    patches: Literal["raw", "projected"]
    grid: Grid
    engine: Literal["auto", "reference", "cpu", "cuda"]

    @model_validator(mode="after")
    def _can_stop(self) -> EmdRerank:
        if self.weighting == "uew" and self.stop == "converged":
            raise refuse(
                "Weighting uew gives the two faces different totals, so no flow can meet both and it never converges; "
                "use it with rerank.stop=official."
            )
        return self


Rerank = Annotated[NoRerank | EmdRerank, Field(discriminator="method")]


class ExactSearch(Section):
    """``configs/stage1/exact.yaml``."""

    search: Literal["exact"]


class FlatSearch(Section):
    """``configs/stage1/faiss_flat.yaml``."""

    search: Literal["faiss_flat"]


class HnswSearch(Section):
    """``configs/stage1/faiss_hnsw.yaml``."""

    search: Literal["faiss_hnsw"]
    m: Annotated[int, that(lambda value: 2 <= value <= 1024, "it must be a whole number from 2 to 1024")]
    ef_construction: Annotated[int, at_least(1, "it must be a whole number from 1")]
    ef_search: Annotated[int, at_least(1, "it must be a whole number from 1")]


class IvfSearch(Section):
    """``configs/stage1/faiss_ivf.yaml``."""

    search: Literal["faiss_ivf"]
    nlist: Annotated[int, at_least(1, "it must be a whole number from 1")] | None
    nprobe: Annotated[int, at_least(1, "it must be a whole number from 1")]


Stage1 = Annotated[ExactSearch | FlatSearch | HnswSearch | IvfSearch, Field(discriminator="search")]


class Features(Section):
    """Section ``features`` of ``configs/evaluate.yaml``."""

    store: bool
    dtype: Precision
