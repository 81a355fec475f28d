"""What sections of settings are made of: strict types, ranges with the words that explain them, names that are text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypedDict

from fdemd.errors import InputError

RULE, KIND, SENTENCE = "rule", "kind", "sentence"
"""Kinds of errors of our own: a value out of range, of another type, and a whole sentence about several values."""

BUILT_IN, PLUG_IN = "<built-in>", "<plug-in>"
"""Tags of the two halves of a union of sections that plug-ins add to; pydantic makes them part of an error's place."""

_MOST = 1e300
LARGEST_SIDE = 4096
"""Rows or columns."""


class Section(BaseModel):
    """A section of settings. Nothing is converted: ``true`` is no number, and ``1.5`` no whole one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())

    def model_post_init(self, context: Any) -> None:
        """Count a setting that can only be one name as given: it says which section this is."""
        self.model_fields_set.update(_only_names(type(self)))

    def plain(self) -> dict[str, Any]:
        """Return what was given as plain containers, as the record of a run keeps it."""
        return self.model_dump(mode="json", exclude_unset=True)


@cache
def _only_names(section: type[Section]) -> frozenset[str]:
    kinds = {name: field.annotation for name, field in section.model_fields.items()}
    return frozenset(name for name, kind in kinds.items() if get_origin(kind) is Literal and len(get_args(kind)) == 1)


@dataclass(frozen=True)
class SectionsByName:
    """Annotation of a mapping name -> section, whose names say of which type each section is.

    Attributes:
        section_of: Gives the type of section that belongs to a name. Raises InputError for a name that is not one.
    """

    section_of: Callable[[str], type[Section]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check each section by its type, in the order given, before the mapping itself is looked at."""
        return core_schema.no_info_before_validator_function(self._checked, handler(source))

    def _checked(self, sections: Any) -> Any:
        if not isinstance(sections, Mapping):
            return sections
        try:
            types = {name: self.section_of(name) for name in sections}
        except InputError as error:
            raise refuse(str(error)) from error
        return TypeAdapter(TypedDict("Sections", types)).validate_python(dict(sections))  # type: ignore[operator]


def that(holds: Callable[[Any], bool], rule: str) -> AfterValidator:
    """Return a check of a value of the right type.

    Args:
        holds: whether a value is good.
        rule: follows ``KEY is VALUE;`` in the error, such as ``it must be 1 or more``.
    """

    def check(value: Any) -> Any:
        if not holds(value):
            raise PydanticCustomError(RULE, "{rule}", {"rule": rule})
        return value

    return AfterValidator(check)


def takes(fits: Callable[[Any], bool], kind: str) -> BeforeValidator:
    """Return a check of a value's type, for settings that take one of several.

    Args:
        fits: whether a value is of a right type.
        kind: follows ``KEY takes`` in the error, such as ``a whole number or null``.
    """

    def check(value: Any) -> Any:
        if not fits(value):
            raise PydanticCustomError(KIND, "{kind}", {"kind": kind})
        return value

    return BeforeValidator(check)


def refuse(sentence: str) -> PydanticCustomError:
    """Return the error for settings that do not go together; the sentence says all of it."""
    return PydanticCustomError(SENTENCE, "{sentence}", {"sentence": sentence})


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, which ``true`` is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether a value is a finite number, and a whole one can become a float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def is_size(value: object) -> bool:
    """Whether a value is ``[rows, columns]``, neither beyond what a picture has."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(is_whole(side) and 0 < side <= LARGEST_SIDE for side in value)
    )


Text = str
"""Free text, such as the path of a file: whatever was typed after ``KEY=``."""

Place = Annotated[Text, that(bool, "it must be a path (. is the folder you are in)")]
"""A path that is used as it was given. An empty one would be this folder, which few people mean by nothing."""

Seed = Annotated[int, that(lambda seed: 0 <= seed < 2**32, "it must lie between 0 and 4294967295")]

FolderName = Annotated[
    Text,
    that(
        lambda name: bool(re.fullmatch(r"\w[\w-]{0,99}", name)),
        "it becomes part of a folder's name: up to 100 letters, digits, - and _",
    ),
]


def at_least(least: int, rule: str) -> AfterValidator:
    """Return a check of a whole number, which must also fit into 32 bits; see :func:`that`."""
    return that(lambda value: least <= value < 2**31, rule)


def each_once(values: list[Any]) -> bool:
    """Whether a list has something in it, and nothing twice."""
    return 0 < len(values) == len(set(values))


def within(holds: Callable[[float], bool], rule: str) -> AfterValidator:
    """Return a check of a number, which must also be finite; see :func:`that`."""
    return that(lambda value: math.isfinite(value) and holds(value), rule)
