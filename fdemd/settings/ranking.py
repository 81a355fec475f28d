"""Sections ``stage1``, ``rerank`` and ``features``: how a gallery is ranked, and ranked again."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticKnownError

from fdemd.errors import InputError
from fdemd.settings.own_rerankers import own_reranker, own_rerankers
from fdemd.settings.plugin_settings import check_plugin_settings, check_section, signature_section
from fdemd.settings.plugins import plugin_names
from fdemd.settings.section import (
    Place,
    Section,
    Text,
    at_least,
    is_number,
    is_size,
    refuse,
    takes,
    that,
    within,
)

M = TypeVar("M", bound="Mix")

Protocol = Literal["leave-twin-out", "official"]
Precision = Literal["float32", "float16", "bfloat16"]
CopyKind = Literal["mask", "sunglass", "crop"]
Visible = Literal["ignored", "mass", "partial"]
Weighting = Literal["uniform", "apc", "apc_raw", "cc", "sc", "sc_sim", "lmk", "norm", "uew"]

METRICS = {
    "P@1": "fdemd.metrics.identification:precision_at_1",
    "RP": "fdemd.metrics.identification:r_precision",
    "MAP@R": "fdemd.metrics.identification:map_at_r",
}
"""Name of a figure of identification -> where its function is; plug-ins bring more."""


def _check_metric(name: Any) -> Any:
    if name in METRICS or name in plugin_names("metrics"):
        return name
    known = [*METRICS, *plugin_names("metrics")]
    raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, known))})


MetricName = Annotated[Text, BeforeValidator(_check_metric)]

SMALLEST_EPS, LARGEST_EPS = 2 / 700, 10.0
"""Below, the kernel underflows in float64; above, every flow is the outer product of the weights."""

AUTO, CALIBRATED = "auto", "calibrated"
"""Instead of a number: alpha is chosen for each query, from the scores of its shortlist, or from what covers it."""
ALPHA_RULES = (AUTO, CALIBRATED)

Alpha = Annotated[
    Any,
    takes(lambda value: value in ALPHA_RULES or is_number(value), "a number between 0 and 1, auto or calibrated"),
    that(
        lambda value: value in ALPHA_RULES or 0 <= value <= 1,
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
    takes(lambda value: value is None or isinstance(value, list | tuple), "[rows,columns], such as [4,4]"),
    that(
        lambda value: value is None or is_size(list(value)),
        "it must be [rows, columns], such as [4,4]; up to 4096 each",
    ),
    AfterValidator(lambda value: value and tuple(value)),
]


class Mix(Section):
    """How the second stage's similarity and the first stage's cosine are mixed (Eq. 9), and of how many candidates."""

    alpha: Alpha = 0.7
    k: K = 100
    calibration: Place | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Return what the re-ranker itself is made with: every setting but its name and those that all have."""
        return {name: value for name, value in self if name not in ("method", *Mix.model_fields)}

    @property
    def compared_by(self) -> dict[str, Any]:
        """Return what decides how far to trust a similarity, as plain values: method and options.

        What computes it plays no part, nor whether covered patches count less, which suits the same alphas
        (docs/trust.md).
        """
        plain = self.model_dump(mode="json", include={"method", *self.options})
        return {name: value for name, value in plain.items() if name not in ("engine", "tolerance", "visible")}

    def measure(self: M) -> M:
        """Return the same settings with the usual alpha and k, so that equal similarities have equal settings."""
        usual = {name: type(self).model_fields[name].default for name in ("alpha", "k")}
        return self.model_copy(update=usual)


class NoRerank(Section):
    """``configs/rerank/none.yaml``."""

    method: Literal["none"]


class EmdRerank(Mix):
    """``configs/rerank/emd.yaml``: the Earth Mover's Distance between patches."""

    method: Literal["emd"] = "emd"
    weighting: Weighting = "apc"
    eps: Eps = 0.05
    stop: Literal["converged", "official"] = "converged"
    tolerance: Annotated[
        float, within(lambda value: 0 < value < 1, "it must lie between 0 and 1 (the default is 3e-4)")
    ] = 3e-4
    patches: Literal["raw", "projected"] = "raw"
    grid: Grid = None
    visible: Visible = "ignored"
    engine: Literal["auto", "reference", "cpu", "cuda"] = "auto"

    @property
    def sees_covers(self) -> bool:
        """Whether covered patches count less, for which the network's calibration is needed."""
        return self.visible != "ignored"

    @property
    def fixed_alpha(self) -> float:
        """Return alpha as a number, for two photographs alone.

        Raises:
            InputError: It is ``auto`` or ``calibrated``, which are for queries that search a gallery, or covered
                patches count less, likewise.
        """
        if self.sees_covers:
            raise InputError(
                f"rerank.visible={self.visible} is for queries that search a gallery; to compare two photographs "
                "alone leave it out."
            )
        if isinstance(self.alpha, str):
            raise InputError(
                f"rerank.alpha={self.alpha} is chosen for each query that searches a gallery; to compare two "
                "photographs alone give a number, such as rerank.alpha=0.7."
            )
        return float(self.alpha)

    @model_validator(mode="after")
    def _can_stop(self) -> EmdRerank:
        if self.weighting == "uew" and self.stop == "converged":
            raise refuse(
                "Weighting uew gives the two faces different totals, so no flow can meet both and it never converges; "
                "use it with rerank.stop=official."
            )
        if self.weighting == "uew" and self.visible == "partial":
            raise refuse(
                "Weighting uew gives the two faces different totals, of which no share can be left out; use another "
                "weighting with visible=partial."
            )
        return self


_Count = Annotated[int, at_least(1, "it must be at least 1")]


class KReciprocalRerank(Mix):
    """``configs/rerank/k_reciprocal.yaml``: neighbours that find each other."""

    method: Literal["k_reciprocal"] = "k_reciprocal"
    k1: _Count = 20
    k2: _Count = 6


class QueryExpansionRerank(Mix):
    """``configs/rerank/query_expansion.yaml``: the query joined with what it found first."""

    method: Literal["query_expansion"] = "query_expansion"
    alpha: Alpha = 1.0
    n: _Count = 3


def _check_method(name: Any) -> Any:
    """Take what there is: a module ``fdemd/retrieval/reranker_NAME.py``, or a plug-in."""
    known = [*own_rerankers(), *plugin_names("rerankers")]
    if name in known:
        return name
    raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, known))})


class OtherRerank(Mix):
    """A re-ranker without a section here, fdemd's own or a plug-in's: its settings are those of its signature."""

    model_config = ConfigDict(extra="allow")

    method: Annotated[Text, BeforeValidator(_check_method)]

    @model_validator(mode="after")
    def _fit_the_signature(self) -> OtherRerank:
        try:
            if self.method in plugin_names("rerankers"):
                check_plugin_settings("rerankers", self.method, self.options, "rerank")
            else:
                built = own_reranker(self.method)
                section = signature_section(built, self.method, "rerankers", f"re-ranker {self.method}")
                check_section(section, self.options, "rerank")
        except InputError as error:
            raise refuse(str(error)) from error
        return self


RERANK_SECTIONS: dict[str, type[Section]] = {
    "none": NoRerank,
    "emd": EmdRerank,
    "k_reciprocal": KReciprocalRerank,
    "query_expansion": QueryExpansionRerank,
}
"""Name of a re-ranker -> its section."""


def section_name(values: Any) -> str:
    """Return which section the settings of a re-ranker are of, for pydantic."""
    name = values.get("method") if isinstance(values, dict) else getattr(values, "method", None)
    return name if isinstance(name, str) and name in RERANK_SECTIONS else "other"


Rerank = Annotated[
    Annotated[NoRerank, Tag("none")]
    | Annotated[EmdRerank, Tag("emd")]
    | Annotated[KReciprocalRerank, Tag("k_reciprocal")]
    | Annotated[QueryExpansionRerank, Tag("query_expansion")]
    | Annotated[OtherRerank, Tag("other")],
    Discriminator(section_name),
]
Reranking = EmdRerank | KReciprocalRerank | QueryExpansionRerank | OtherRerank
"""The settings of any second stage."""


def second_stage_of(rerank: NoRerank | Reranking) -> Reranking | None:
    """Return the settings of the second stage; None for ``rerank=none``."""
    return None if isinstance(rerank, NoRerank) else rerank


class ExactSearch(Section):
    """``configs/stage1/exact.yaml``: every face is compared."""

    search: Literal["exact"] = "exact"


class FlatSearch(Section):
    """``configs/stage1/faiss_flat.yaml``: FAISS's own comparison with every face."""

    search: Literal["faiss_flat"] = "faiss_flat"


class HnswSearch(Section):
    """``configs/stage1/faiss_hnsw.yaml``: a graph in layers, walked from far to near.

    FAISS divides by the logarithm of the neighbours ``m``; of 1,024 each face's list takes 8 KiB.
    """

    search: Literal["faiss_hnsw"] = "faiss_hnsw"
    m: Annotated[int, that(lambda value: 2 <= value <= 1024, "it must be a whole number from 2 to 1024")] = 32
    ef_construction: Annotated[int, at_least(1, "it must be a whole number from 1")] = 80
    ef_search: Annotated[int, at_least(1, "it must be a whole number from 1")] = 256


class IvfSearch(Section):
    """``configs/stage1/faiss_ivf.yaml``: cells around the centres that k-means finds, the nearest of them searched."""

    search: Literal["faiss_ivf"] = "faiss_ivf"
    nlist: Annotated[int, at_least(1, "it must be a whole number from 1")] | None = None
    nprobe: Annotated[int, at_least(1, "it must be a whole number from 1")] = 64


class IvfPqSearch(Section):
    """``configs/stage1/faiss_ivfpq.yaml``: such cells, of faces in a few bytes each (Jegou et al., TPAMI 2011).

    What is found by these is ranked by the embeddings themselves.
    """

    search: Literal["faiss_ivfpq"] = "faiss_ivfpq"
    nlist: Annotated[int, at_least(1, "it must be a whole number from 1")] | None = None
    nprobe: Annotated[int, at_least(1, "it must be a whole number from 1")] = 64
    code: Annotated[int, at_least(1, "it must be a whole number from 1")] = 64
    refine: Annotated[int, at_least(1, "it must be a whole number from 1")] = 4


IndexedSearch = FlatSearch | HnswSearch | IvfSearch | IvfPqSearch
"""Settings of an index of the gallery."""
Stage1 = Annotated[ExactSearch | FlatSearch | HnswSearch | IvfSearch | IvfPqSearch, Field(discriminator="search")]


class Features(Section):
    """Section ``features`` of ``configs/evaluate.yaml``."""

    store: bool
    dtype: Precision
    patches: Literal["full", "compact"]

    @property
    def compact(self) -> bool:
        """Whether compact patches are compared."""
        return self.patches == "compact"

    @property
    def compared_in(self) -> str:
        """What numbers of patches are compared in, for notes."""
        return "compact int8" if self.compact else self.dtype

    def check_full(self, what: str) -> None:
        """Check that full patches are compared.

        Raises:
            InputError: They are compact, which ``what`` cannot compare.
        """
        if self.compact:
            raise InputError(f"{what} full patches; use features.patches=full.")
