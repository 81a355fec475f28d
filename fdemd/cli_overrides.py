"""From Hydra override strings to the checked, plain config of each sweep point."""

import difflib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fdemd.cli_help import MISSING, Group, flags_of, flatten, show
from fdemd.errors import InputError, unknown

NAMES_OF_CHOICES = ("data.name", "model.backbone", "stage1.search", "align.method", "rerank.method", "logger.kind")
"""Keys that say which code a choice is for: with another one, its other settings would not fit."""

WORDS = [("rerank.alpha", "auto")]
"""Settings that take a number or this word."""
OPEN = ("study.methods", "trials.trainings")
"""Lists whose entries differ in form; whoever reads them checks them."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep: its swept settings, for people, and its config."""

    label: str
    config: dict[str, Any]


@dataclass(frozen=True)
class _Base:
    """The config before single settings are changed: what they are checked against."""

    nodes: dict[str, Any]
    """Sections and leaves by dotted key; interpolations are not resolved."""
    choices: dict[str, str | None]
    """The choice of each group that takes one."""


class Composer:
    """Checks override strings and composes configs of one job; to be used inside ``initialize_config_dir``."""

    def __init__(self, job: str, groups: dict[str, Group], insist_rerank: bool) -> None:
        self._job = job
        self._groups = groups
        self._insist_rerank = insist_rerank
        self._parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        self._bases: dict[tuple[str, ...], _Base] = {}

    def alternatives(self, word: str) -> list[Override]:
        """Return the overrides that a word sweeps over: itself, if it is no sweep. Raises ``InputError``."""
        if word.startswith("~"):
            raise InputError(f"{word!r}: no setting can be removed, since every one is needed; give it another value.")
        if "=" not in word.lstrip("="):
            raise InputError(f"{word!r} is not a setting{self._meant_setting(word)}; settings are written KEY=VALUE.")
        override = self._parsed(word)
        if not override.is_sweep_override():
            return [override]
        try:
            # Each value is read again by itself, so that the points know plain overrides only.
            values = [self._parsed(f"{override.get_key_element()}={text}") for text in override.sweep_string_iterator()]
        except (HydraException, ValueError) as error:
            raise InputError(
                f"cannot sweep over {word!r}; use A,B or choice(A,B) or range(START,STOP,STEP)."
            ) from error
        if not values:
            raise InputError(f"{word!r} sweeps over no value at all.")
        return values

    def point(self, overrides: Sequence[Override], swept: Sequence[bool]) -> Point:
        """Return the point that ``overrides`` give; those ``swept`` make its label. Raises ``InputError``."""
        # A group decides which keys exist, so all groups are settled before any key is looked up.
        chosen = {index: self._choice(each) for index, each in enumerate(overrides) if self._names_group(each)}
        choices = [line for line in chosen.values() if line]
        base = self._base(choices)
        if self._insist_rerank and base.choices.get("rerank") in (None, "none"):
            methods = ", ".join(name for name in self._groups["rerank"].choices if name != "none")
            raise InputError(f"--rerank needs a re-ranking method, not rerank=none; choose one of {methods}.")
        settings = {
            index: self._setting(each, base.nodes, choices)
            for index, each in enumerate(overrides)
            if index not in chosen
        }
        lines = {**{index: overrides[index].input_line for index in chosen}, **settings}
        label = " ".join(
            f"{str(lines[index]).partition('=')[0]}={show(each.value())}"
            for index, each in enumerate(overrides)
            if swept[index]
        )
        return Point(label, _resolved(self._compose([*choices, *settings.values()])))

    def _parsed(self, word: str) -> Override:
        try:
            return self._parser.parse_overrides([word])[0]
        except HydraException as error:
            key, _, value = word.partition("=")
            quoted = shlex.quote(f'{key}="{value}"')
            hint = f"brackets must be closed, and text with special characters needs quotes, as in {quoted}"
            raise InputError(f"cannot read {word!r}; {hint}.") from error

    def _names_group(self, override: Override) -> bool:
        return _key(override) in self._groups

    def _choice(self, override: Override) -> str | None:
        """Return the checked override of a group, or nothing if it says null where that is the default."""
        group, value, line = self._groups[_key(override)], override.value(), str(override.input_line)
        adds = override.is_add() or override.is_force_add()
        if adds and group.in_job and not group.several:
            raise InputError(f"{group.key} is a group of {self._job} already; write {line.lstrip('+')} without the +.")
        if not adds and not group.in_job:
            options = ", ".join(group.choices)
            raise InputError(f"{self._job} has no {group.key}; add it with +{group.key}=CHOICE, one of {options}.")
        if value is None and group.default is None:
            return None
        if value == []:
            raise InputError(f"{group.key} needs at least one of {', '.join(group.choices)}.")
        if isinstance(value, list) and not group.several:
            raise InputError(f"{group.key} takes one choice, not a list; choose one of {', '.join(group.choices)}.")
        for name in value if isinstance(value, list) else [value]:
            if not isinstance(name, str) or name not in group.choices:
                raise unknown(group.key, show(name), group.choices)
        return line

    def _setting(self, override: Override, nodes: dict[str, Any], choices: list[str]) -> str:
        """Return the checked override of a setting, its key written in full."""
        line, key = str(override.input_line), _key(override)
        if override.is_hydra_override():
            raise InputError(f"{key!r} is a setting of Hydra itself, which has no effect here.")
        full = self._full_key(key, nodes, choices)
        if override.is_add() or override.is_force_add():
            raise InputError(
                f"{line!r}: no setting can be added, only changed; write {line.lstrip('+')} without the +."
            )
        if full in NAMES_OF_CHOICES:
            group = full.partition(".")[0]
            raise InputError(f"{full} belongs to the choice of {group}; write {group}=CHOICE instead.")
        line = line.replace(key, full, 1)
        default, value = nodes[full], override.value()
        if not (full in OPEN or _fits(default, value) or (full, value) in WORDS):
            raise InputError(f"{full} takes {_kind(default, value)}, not {show(value)!r}.")
        if isinstance(default, str) and not isinstance(value, str):
            # Text that looks like a number (a folder called 2024) stays text, as the default is.
            text = QuotedString(override.get_value_string().strip(), Quote.double)
            line = f"{line.partition('=')[0]}={text.with_quotes()}"
        return line

    def _full_key(self, key: str, nodes: dict[str, Any], choices: list[str]) -> str:
        """Return the full key that ``key`` stands for: itself, or the only leaf of that name."""
        matches = _matches(key, nodes)
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise InputError(f"{key!r} is ambiguous; write one of {', '.join(matches)}.")
        elsewhere = _matches(key, self._base([]).nodes) if choices else []
        if elsewhere:
            raise InputError(f"there is no {', '.join(elsewhere)} with {' '.join(choices)}.")
        head = key.partition(".")[0]
        section = nodes.get(head)
        hints = [f"{head} has the keys {', '.join(map(str, section))}"] if isinstance(section, dict) else []
        if head in self._groups:
            hints.append(f"its choices are {', '.join(self._groups[head].choices)}")
        hint = " and ".join(hints) or "see --help for the groups and keys"
        raise InputError(f"unknown key {key!r}{self._meant_key(key, nodes)}; {hint}.")

    def _meant_key(self, word: str, nodes: dict[str, Any]) -> str:
        leaves = {full.rpartition(".")[2]: full for full, value in nodes.items() if not isinstance(value, dict)}
        return _meant(word, {**leaves, **{key: key for key in [*nodes, *self._groups]}})

    def _meant_setting(self, word: str) -> str:
        choices = {name: f"{group.key}={name}" for group in self._groups.values() for name in group.choices}
        flags = {flag.lstrip("-"): flag for flag in flags_of(self._job)}
        keys = {key: f"{key}=VALUE" for key in [*self._base([]).nodes, *self._groups]}
        return _meant(word, {**flags, **choices, **keys})

    def _base(self, choices: list[str]) -> _Base:
        """Return the config of these group overrides, composed once for all the points that share them."""
        if (key := tuple(choices)) not in self._bases:
            nodes: Any = OmegaConf.to_container(self._compose(choices, return_hydra_config=True), resolve=False)
            hydra = nodes.pop("hydra")
            self._bases[key] = _Base(dict(flatten(nodes)), hydra["runtime"]["choices"])
        return self._bases[key]

    def _compose(self, overrides: list[str], return_hydra_config: bool = False) -> DictConfig:
        try:
            return compose(self._job, overrides=overrides, return_hydra_config=return_hydra_config)
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(_hydra_message(error)) from error


def _key(override: Override) -> str:
    """Return what stands before the ``=``, without a ``+``."""
    return override.get_key_element().lstrip("+")


def _meant(word: str, spelled: dict[str, str]) -> str:
    """Return `` (did you mean ...?)`` with what the names nearest to ``word`` stand for, or an empty string."""
    names = [word] if word in spelled else difflib.get_close_matches(word, spelled, n=3, cutoff=0.7)
    near = dict.fromkeys(spelled[name] for name in names)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _matches(key: str, nodes: dict[str, Any]) -> list[str]:
    """Return the nodes that ``key`` can stand for: itself, or else every leaf of that name."""
    if key in nodes:
        return [key]
    return [full for full, value in nodes.items() if full.rpartition(".")[2] == key and not isinstance(value, dict)]


def _fits(default: object, value: object) -> bool:
    """Whether ``value`` has the type of ``default``; null, ``???`` and interpolations leave the type open."""
    interpolated = any(isinstance(each, str) and "${" in each for each in (default, value))
    if default is None or default == MISSING or interpolated:
        return True
    if isinstance(default, dict):
        return isinstance(value, dict) and all(_fits(default.get(key), item) for key, item in value.items())
    if isinstance(default, list):
        return isinstance(value, list) and all(any(_fits(each, item) for each in default or [None]) for item in value)
    if isinstance(default, str):
        return isinstance(value, str | bool | int | float)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    return isinstance(value, int) or (isinstance(default, float) and isinstance(value, float))


def _kind(default: object, value: object) -> str:
    """Return the name of the type of ``default``, for a person who gave ``value``."""
    if isinstance(default, list):
        items = default if isinstance(value, list | None) else [value]
        return f"a list such as {show(items)}"
    kinds = {bool: "true or false", int: "a whole number", float: "a number", dict: "a section {KEY: VALUE}"}
    return kinds.get(type(default), "text")


def _resolved(config: DictConfig) -> dict[str, Any]:
    """Return ``config`` as plain containers. Raises ``InputError`` for mandatory values left unset."""
    plain: Any = OmegaConf.to_container(config, resolve=False)
    if missing := [key for key, value in flatten(plain) if value == MISSING]:
        needed = " ".join(f"{key}=VALUE" for key in missing)
        raise InputError(f"{' and '.join(missing)} must be set; add {needed}.")
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(_hydra_message(error)) from error
    return dict(plain)


def _hydra_message(error: Exception) -> str:
    """Return what Hydra or OmegaConf say, without the listings they append."""
    said = re.split(r"\n\s*(?:Config search path|See https|To append|full_key|object_type)", str(error))[0]
    return re.sub(r"^In '.*?': ", "", said).rstrip(". \n").replace(". ", "; ") + "."
