"""Settings of plug-ins, as their signatures have them: names, types and defaults, checked like fdemd's own.

The settings are the parameters that have a default or are keyword-only: with ``def __init__(self, *, width: int = 64)``
there is ``model.width=128``, and the annotation is the type that is checked. Other parameters are what fdemd passes
itself. A command line has no tuples: where one is annotated, a list is taken.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Strict, TypeAdapter, create_model, model_validator
from pydantic.errors import PydanticSchemaGenerationError

from fdemd.errors import InputError
from fdemd.settings.checking import check_settings, literals_of
from fdemd.settings.plugins import PluginGroup, load_plugin, plugin_names
from fdemd.settings.section import BUILT_IN, PLUG_IN, Section, refuse

_TAKEN: dict[PluginGroup, tuple[str, ...]] = {"backbones": ("backbone",), "rerankers": ("method", "alpha", "k")}
"""Settings that every choice has beside those of its signature, which can therefore have no such names."""


class PluginSection(Section):
    """The section of a chosen plug-in: its name, and the settings that its signature has.

    Attributes:
        group: What it is.
        key: Name of the section, such as ``model``.
        named_by: The setting that is the plug-in's name, such as ``backbone``.
    """

    model_config = ConfigDict(extra="allow")
    group: ClassVar[PluginGroup]
    key: ClassVar[str]
    named_by: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _fit_the_signature(cls, values: Any) -> Any:
        if isinstance(values, cls):  # checked when it was made
            return values
        own = {key: value for key, value in values.items() if key not in cls.model_fields}
        try:
            check_plugin_settings(cls.group, values[cls.named_by], own, cls.key)
        except InputError as error:
            raise refuse(str(error)) from error
        return values


def built_in_or_plug_in(plugin: type[PluginSection], built_in: Any) -> Callable[[Any], str]:
    """Return what tells the sections of plug-ins from fdemd's own, to which a name belongs that is both.

    Args:
        plugin: The section of plug-ins.
        built_in: The union of the others.

    Returns:
        A function for :class:`pydantic.Discriminator`: values -> ``BUILT_IN`` or ``PLUG_IN``.
    """
    own = literals_of(built_in, plugin.named_by)

    def tag(values: Any) -> str:
        name = values.get(plugin.named_by) if isinstance(values, Mapping) else getattr(values, plugin.named_by, None)
        is_other = isinstance(name, str) and name not in own
        return PLUG_IN if is_other and name in plugin_names(plugin.group) else BUILT_IN

    return tag


def plugin_defaults(group: PluginGroup, name: str) -> dict[str, Any]:
    """Return the settings that a plug-in has, with their defaults; ``???`` stands for one that must be given.

    Raises:
        InputError: As :func:`load_plugin`.
    """
    fields = plugin_schema(group, name).model_fields
    return {key: "???" if field.is_required() else field.get_default() for key, field in fields.items()}


def check_plugin_settings(group: PluginGroup, name: str, values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the settings given for a plug-in, once their names and types are those of its signature.

    Args:
        group: What it is.
        name: The name of its entry point.
        values: The settings by name, without that of the plug-in itself.
        key: Name of their section, such as ``model``, for the error.

    Raises:
        InputError: As :func:`load_plugin`, or a setting is missing, unknown or of another type.
    """
    return check_section(plugin_schema(group, name), values, key)


def check_section(section: type[Section], values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return settings once their names and types are those of a section; arguments as above."""
    enclosing = create_model("Enclosing", __base__=Section, **cast(Any, {key: (section, ...)}))
    return dict(check_settings(enclosing, {key: dict(values)}).plain()[key])


def plugin_schema(group: PluginGroup, name: str) -> type[Section]:
    """Return the section of settings that the signature of a plug-in describes.

    Raises:
        InputError: As :func:`load_plugin`, or a parameter can be no setting.
    """
    return signature_section(load_plugin(group, name), name, group, f"plug-in {name} of fdemd.{group}")


@cache
def signature_section(built: Callable[..., Any], name: str, group: PluginGroup, told: str) -> type[Section]:
    """Return the section of settings that a signature describes, always the same one for the same class or function.

    Args:
        built: The class or function.
        name: Its name among the choices.
        group: What it is.
        told: What it is called in errors.

    Raises:
        InputError: A parameter can be no setting.
    """
    called = built.__init__ if inspect.isclass(built) else built
    try:
        parameters = inspect.signature(built).parameters.values()
        kinds = get_type_hints(called, include_extras=True)
    except (NameError, TypeError, ValueError) as error:
        raise InputError(f"The settings of the {told} cannot be told: {error}.") from error
    settings = [
        each
        for each in parameters
        if each.kind is each.KEYWORD_ONLY
        or (each.kind is each.POSITIONAL_OR_KEYWORD and each.default is not each.empty)
    ]
    types = {each.name: _taking_lists(kinds.get(each.name, Any)) for each in settings}
    for key, kind in types.items():
        if problem := _problem(group, key, kind):
            raise InputError(f"The settings of the {told} cannot be told: {problem}.")
    fields = {each.name: (types[each.name], ... if each.default is each.empty else each.default) for each in settings}
    return create_model(name, __base__=Section, **cast(Any, fields))


def _taking_lists(kind: Any) -> Any:
    """The same type, but a list is good for a tuple."""
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(map(_taking_lists, get_args(kind)))]  # noqa: UP007 # of parts known only now
    return Annotated[kind, Strict(False)] if tuple in (kind, get_origin(kind)) else kind


def _problem(group: PluginGroup, key: str, kind: Any) -> str:
    """Why a parameter can be no setting; empty if it can."""
    if key.startswith("_") or hasattr(Section, key) or key in _TAKEN.get(group, ()):
        return f"its parameter {key} has a name that is taken; give it another one"
    try:
        TypeAdapter(kind)
    except PydanticSchemaGenerationError:
        shown = getattr(kind, "__name__", kind)
        return f"its parameter {key} is of the type {shown}; settings are bool, int, float, str, or a list of these"
    return ""
