"""The ways to re-rank that a study compares, read from its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from fdemd.errors import InputError, unknown
from fdemd.retrieval.settings import RerankSettings
from fdemd.retrieval.stage2 import check_mix

EMD, K_RECIPROCAL, QUERY_EXPANSION = "emd", "k_reciprocal", "query_expansion"
WHOLE_GALLERY = "all"
"""As ``k``: no first stage, the whole gallery is ranked by the second."""


@dataclass(frozen=True)
class KReciprocalSettings:
    """Of :class:`fdemd.retrieval.k_reciprocal.KReciprocal`."""

    k1: int = 20
    k2: int = 6


@dataclass(frozen=True)
class ExpansionSettings:
    """Of :func:`fdemd.retrieval.query_expansion.expanded_similarity`."""

    n: int = 3


Measure = RerankSettings | KReciprocalSettings | ExpansionSettings
"""What gives a similarity of pairs; alpha and k are at their defaults, so that equal measures are computed once."""


@dataclass(frozen=True)
class Method:
    """One way to re-rank.

    Attributes:
        name: ``emd``, ``k_reciprocal`` or ``query_expansion``.
        measure: similarity that is mixed with the cosine.
        alpha: its share, or ``auto``.
        k: candidates; None for the whole gallery.
    """

    name: str
    measure: Measure
    alpha: float | str
    k: int | None

    def facts(self, grid: tuple[int, int]) -> dict[str, Any]:
        """What names the method, as columns of a table, on a network's own ``grid`` of patches."""
        if isinstance(self.measure, RerankSettings):
            rows, columns = self.measure.grid or grid
            what = {"weighting": self.measure.weighting, "patches": self.measure.patches, "grid": f"{rows}x{columns}"}
        else:
            what = {"weighting": _words(self.measure), "patches": "", "grid": ""}
        return {"method": self.name, **what, "alpha": self.alpha, "k": self.k or WHOLE_GALLERY}


def read_methods(entries: Sequence[Mapping[str, Any]], defaults: RerankSettings) -> list[Method]:
    """Every combination of the values that each entry lists, in order, none twice.

    Args:
        entries: such as ``{method: emd, weighting: [apc, sc], alpha: [0, 0.7], k: 100}``.
        defaults: what an entry ``emd`` does not say.

    Raises:
        InputError: unknown method or setting, or one out of range.
    """
    found: dict[Method, None] = {}
    for entry in entries:
        settings = dict(entry)
        name = settings.pop("method", None)
        names, values = list(settings), [_values(key, value) for key, value in settings.items()]
        for chosen in product(*values):
            found[_method(name, dict(zip(names, chosen, strict=True)), defaults)] = None
    if not found:
        raise InputError("study.methods is empty; give at least one, such as study.methods=[{method: emd}].")
    return list(found)


def _values(name: str, value: Any) -> list[Any]:
    """The values that a setting takes; a grid is itself a list of two."""
    if name == "grid" and isinstance(value, list) and value and all(type(side) is int for side in value):
        return [value]
    return value if isinstance(value, list) else [value]


def _method(name: Any, settings: dict[str, Any], defaults: RerankSettings) -> Method:
    kinds: dict[str, Measure] = {
        EMD: defaults,
        K_RECIPROCAL: KReciprocalSettings(),
        QUERY_EXPANSION: ExpansionSettings(),
    }
    if name not in kinds:
        raise unknown("method of a study", str(name), kinds)
    usual = {EMD: defaults.alpha, K_RECIPROCAL: 0.7, QUERY_EXPANSION: 1.0}[name]
    alpha, k = settings.pop("alpha", usual), settings.pop("k", defaults.k)
    k = None if k == WHOLE_GALLERY else k
    check_mix(alpha, 1 if k is None else k)
    if isinstance(settings.get("grid"), list):
        settings["grid"] = tuple(settings["grid"])
    for key in settings:
        if key not in asdict(kinds[name]):
            raise unknown(f"setting of {name}", key, asdict(kinds[name]))
    measure = replace(kinds[name], **settings)
    if isinstance(measure, RerankSettings):
        measure = replace(measure, alpha=RerankSettings.alpha, k=RerankSettings.k)
    return Method(name, measure, alpha, k)


def _words(measure: KReciprocalSettings | ExpansionSettings) -> str:
    return " ".join(f"{name} {value}" for name, value in asdict(measure).items())
