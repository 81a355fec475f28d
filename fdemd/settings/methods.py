"""Entries of ``study.methods``: ways to re-rank, each setting one value or several, and every combination of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, TypeAdapter, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import RERANK_SECTIONS, K, NoRerank, OtherRerank, Reranking, section_name
from fdemd.settings.section import RULE, Section, is_whole

WHOLE_GALLERY = "all"
"""As ``k``: the second stage ranks the whole gallery, as if there were no first."""


@dataclass(frozen=True)
class Method:
    """One way to re-rank.

    Attributes:
        settings: Those of the re-ranker; alpha and k are the usual ones, so that equal similarities are computed once.
        alpha: Share of the similarity, the rest is the cosine's; or ``auto``.
        k: Number of candidates; None for the whole gallery.
    """

    settings: Reranking
    alpha: float | str
    k: int | None


def combinations_of(entries: Sequence[Section], rerank: Reranking) -> list[Method]:
    """Return every combination of the values that each entry lists, in order, none twice.

    Args:
        entries: Entries of ``study.methods``.
        rerank: What an entry of the same method does not say; k, also of an entry of another.

    Raises:
        InputError: Two values of a combination contradict each other.
    """
    found: dict[Method, None] = {}
    for entry in entries:
        given = {name: value if isinstance(value, tuple) else _listed(value) for name, value in entry if value != ()}
        method = given.pop("method")[0]
        usual = dict(rerank) if rerank.method == method else {"method": method, "k": rerank.k}
        for values in product(*given.values()):
            found[_method(usual | dict(zip(given, values, strict=True)))] = None
    return list(found)


def _method(values: dict[str, Any]) -> Method:
    k = None if values["k"] == WHOLE_GALLERY else values["k"]
    section = RERANK_SECTIONS.get(values["method"], OtherRerank)
    settings: Any = check_settings(section, values | ({"k": 1} if k is None else {}))
    return Method(settings.measure(), settings.alpha, k)


def _listed(value: Any) -> tuple[Any, ...]:
    if value == []:
        raise PydanticCustomError(RULE, "{rule}", {"rule": "give one value or several, or leave the setting away"})
    return tuple(value) if isinstance(value, list) else (value,)


def _grids(value: Any) -> tuple[Any, ...]:
    """A grid is itself a list of two."""
    return (value,) if isinstance(value, list) and value and all(map(is_whole, value)) else _listed(value)


_KOrAll = Annotated[
    Any, BeforeValidator(lambda k: k if k == WHOLE_GALLERY else TypeAdapter(K).validate_python(k, strict=True))
]


@cache
def _entry_section(section: type[Section], order: tuple[str, ...]) -> type[Section]:
    """Return the section of an entry: that of the re-ranker, with one value or several for each of its settings.

    Args:
        section: Section of the re-ranker.
        order: Names of settings as they were written: the last one changes fastest among the combinations, and a
            section is read out in the order of its fields.
    """
    fields: dict[str, Any] = {}
    for name in dict.fromkeys([*(name for name in order if name in section.model_fields), *section.model_fields]):
        field = section.model_fields[name]
        if name != "method":
            value: Any = _KOrAll if name == "k" else _annotated(field)
            fields[name] = (Annotated[tuple[value, ...], BeforeValidator(_grids if name == "grid" else _listed)], ())
    fields["method"] = (_annotated(section.model_fields["method"]), ...)
    config = {"extra": section.model_config["extra"]}
    base = type(f"{section.__name__}Entry", (Section,), {"model_config": config, "__module__": __name__})
    return create_model(base.__name__, __base__=base, **fields)


def _annotated(field: FieldInfo) -> Any:
    kind: Any = field.annotation
    for check in field.metadata:
        kind = Annotated[kind, check]
    return kind


def _check_entry(values: Any) -> Any:
    """Check an entry by the section of the re-ranker that it names."""
    if not isinstance(values, dict):
        return values
    section = RERANK_SECTIONS.get(section_name(values), OtherRerank)
    return _entry_section(OtherRerank if section is NoRerank else section, tuple(map(str, values))).model_validate(
        values
    )


MethodEntry = Annotated[SerializeAsAny[Section], BeforeValidator(_check_entry)]
"""Such as ``{method: emd, weighting: [apc, sc], alpha: [0, 0.7], k: 100}``."""
