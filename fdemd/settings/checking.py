"""From a composed configuration to typed settings, or to the one sentence that says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from fdemd.errors import InputError, unknown
from fdemd.settings.section import BUILT_IN, KIND, PLUG_IN, RULE, SENTENCE, Section, SectionsByName, is_number

S = TypeVar("S", bound=Section)

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "dict_type": "a section {KEY: VALUE}",
    "model_type": "a section {KEY: VALUE}",
    "model_attributes_type": "a section {KEY: VALUE}",
}
"""Pydantic's error of a type -> what the setting takes, in words."""


def check_settings(schema: type[S], config: Mapping[str, Any]) -> S:
    """Return a composed configuration as typed, frozen settings.

    Args:
        schema: Type of the settings, such as one of :data:`fdemd.settings.jobs.SCHEMAS`.
        config: The configuration as plain containers, resolved.

    Raises:
        InputError: a setting is missing, of another type, out of range or contradicts another.
    """
    try:
        return schema.model_validate(dict(config))
    except ValidationError as error:
        raise _told(error.errors()[0], config, schema) from error


def changed(settings: S, **values: Any) -> S:
    """Return settings with other values, checked as a whole; pydantic's own copy takes whatever it is given.

    Args:
        settings: A section.
        values: Its settings that change.

    Raises:
        InputError: A value is wrong, contradicts another setting, or there is no such setting.

    Example:
        >>> from fdemd.settings.ranking import EmdRerank
        >>> changed(EmdRerank(k=50), alpha=0.5).plain()
        {'alpha': 0.5, 'k': 50, 'method': 'emd'}
    """
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return check_settings(type(settings), given | values)


def text_settings(schema: type[Section], config: Mapping[str, Any]) -> set[str]:
    """Dotted keys of the settings that take free text, such as paths, in a configuration that may still be wrong."""
    return set(_texts(schema, config, ""))


def show(value: object) -> str:
    """Return ``value`` as it would be written after ``key=``."""
    if isinstance(value, list):
        return f"[{','.join(map(show, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{show(item)}' for key, item in value.items())}}}"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value) or "''"


def _told(error: ErrorDetails, config: Mapping[str, Any], schema: type[Section]) -> InputError:
    """The sentence for an error of pydantic."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == SENTENCE:
        return InputError(context["sentence"])
    key, value = _key(error["loc"], config), show(error["input"])
    if kind == RULE:
        return InputError(f"{key} is {value}; {context['rule']}.")
    if kind == KIND:
        return InputError(f"{key} takes {context['kind']}, not {value!r}.")
    if kind == "literal_error":
        return unknown(key, value, _quoted(context["expected"]))
    if kind == "union_tag_invalid":
        name = context["discriminator"].strip("'")
        return unknown(f"{key}.{name}", context["tag"], _quoted(context["expected_tags"]))
    if kind == "union_tag_not_found":
        name = context["discriminator"].strip("'")
        return InputError(f"{key} is {value}; it must say its {name}.")
    if kind == "missing":
        entry, _, name = key.rpartition(".")
        if entry.endswith("]"):  # of a list, which the command line gives as a whole
            return InputError(f"{entry} is {value}; it must say its {name}.")
        return InputError(f"{key} must be set; add {key}=VALUE.")
    if kind == "extra_forbidden":
        return InputError(f"There is no setting {key}.{_settings_beside(error['loc'], key, schema)}")
    if kind == "list_type":
        return InputError(f"{key} takes a list such as [{value}], not {value!r}.")
    if kind == "string_type" and is_number(error["input"]):  # within a list; a whole text is taken as it was typed
        return InputError(f"{key} takes text, not the number {value}; put it in quotes: '{value}'.")
    if kind in _KINDS:
        return InputError(f"{key} takes {_KINDS[kind]}, not {value!r}.")
    return InputError(f"{key} is {value}, which it cannot be: {error['msg']}.")


def _settings_beside(place: Sequence[int | str], key: str, section: Any) -> str:
    """Which settings there are in the section of an unknown one; nothing where it is one of several sections."""
    for part in place[:-1]:
        field = section.model_fields.get(part)
        section = field and field.annotation
        if not _is_section(section):
            return ""
    if not section.model_fields:
        return " There are none."
    above = key.rpartition(".")[0]
    return f" There are {', '.join(f'{above}.{name}'.lstrip('.') for name in sorted(section.model_fields))}."


def _quoted(expected: str) -> list[str]:
    """``'a', 'b' or 8`` -> its three names."""
    return [name.strip("' ") for name in expected.replace(" or ", ", ").split(", ")]


def _key(place: Sequence[int | str], config: object) -> str:
    """The dotted key of a place in the configuration; names of alternatives, which pydantic inserts, are left out."""
    key, node = "", config
    for number, part in enumerate(place):
        if isinstance(node, Mapping) and isinstance(part, str) and part in node:
            key, node = f"{key}.{part}", node[part]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            key, node = f"{key}[{part}]", node[part]
        elif number == len(place) - 1 and isinstance(node, Mapping) and part not in (BUILT_IN, PLUG_IN):
            key = f"{key}.{part}"
    return key.lstrip(".") or "The configuration"


def literals_of(union: Any, field: str) -> set[Any]:
    """Return the values that a field has in the sections of a union, such as the names of all networks."""
    sections = (section for section, _ in _alternatives(union))
    return {value for section in sections for value in get_args(section.model_fields[field].annotation)}


def _texts(section: type[BaseModel], values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        kinds = list(_alternatives(field.annotation, field.discriminator))
        value, key = values.get(name), f"{prefix}{name}"
        by_name = [each for each in field.metadata if isinstance(each, SectionsByName)]
        if by_name and isinstance(value, Mapping):
            for chosen in value:
                yield from _texts(by_name[0].section_of(chosen), value[chosen], f"{key}.{chosen}.")
        elif isinstance(value, Mapping):
            for kind, discriminator in kinds:
                if _is_section(kind) and _is_chosen(kind, discriminator, value):
                    yield from _texts(kind, value, f"{key}.")
        elif name in values and any(kind is str for kind, _ in kinds):
            yield key


def _alternatives(annotation: Any, discriminator: Any = None) -> Iterator[tuple[Any, Any]]:
    """The types that a field may have, each with the name of the setting that chooses it, if one does."""
    if get_origin(annotation) is Annotated:
        annotated, *extra = get_args(annotation)
        named = [each.discriminator for each in extra if isinstance(each, FieldInfo) and each.discriminator]
        yield from _alternatives(annotated, named[0] if named else discriminator)
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part, discriminator)
    else:
        yield annotation, discriminator


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_chosen(section: type[BaseModel], discriminator: Any, values: Mapping[str, Any]) -> bool:
    """Whether a section is, or may be, the one of several alternatives that the values name."""
    if not isinstance(discriminator, str):
        return True
    return values.get(discriminator) in get_args(section.model_fields[discriminator].annotation)
