"""From Hydra override strings to the checked, plain config of each sweep point."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from fdemd.cli.configs import MISSING, PLUGIN_GROUPS, Group, flatten
from fdemd.cli.help import flags_of
from fdemd.cli.session import store_plugin
from fdemd.cli.words import Word, is_path, read_word, verbatim
from fdemd.errors import InputError
from fdemd.settings.checking import check_settings, show, text_settings
from fdemd.settings.plugins import unknown_choice
from fdemd.settings.section import Section

NAMES_OF_CHOICES = ("data.name", "model.backbone", "stage1.search", "align.method", "rerank.method", "logger.kind")
"""Keys that say which code a choice is for: with another one, its other settings would not fit."""


@dataclass(frozen=True)
class SweepPoint:
    """One run of a sweep.

    Attributes:
        label: The swept settings, for people.
        settings: Settings of the job, of the type that its schema is.
    """

    label: str
    settings: Any


@dataclass(frozen=True)
class _Base:
    """The config before single settings are changed: what they are checked against."""

    nodes: dict[str, Any]
    """Sections and leaves by dotted key; interpolations are not resolved."""
    choices: dict[str, str | None]
    """The choice of each group that takes one."""
    config: DictConfig
    """As Hydra composed it."""


class Composer:
    """Checks override strings and composes the configs of one job, within :func:`fdemd.cli.session.composing`."""

    def __init__(self, job: str, groups: dict[str, Group], schema: type[Section], insist_rerank: bool) -> None:
        self._job = job
        self._schema = schema
        self._groups = groups
        self._insist_rerank = insist_rerank
        self._parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        self._bases: dict[tuple[str, ...], _Base] = {}

    def alternatives(self, word: str) -> list[Word]:
        """Return what an argument sweeps over: itself, if it is no sweep. Raises ``InputError``."""
        if word.startswith("~"):
            raise InputError(f"{word!r}: no setting can be removed, since every one is needed; give it another value.")
        if "=" not in word.lstrip("="):
            raise InputError(f"{word!r} is not a setting{self._meant_setting(word)}; settings are written KEY=VALUE.")
        given = read_word(self._parser, word)
        override = given.override
        if not override.is_sweep_override() or is_path(given.typed):
            return [given]
        try:
            # Each value is read again by itself, so that the points know plain overrides only.
            values = [
                read_word(self._parser, f"{override.get_key_element()}={text}")
                for text in override.sweep_string_iterator()
            ]
        except (HydraException, ValueError) as error:
            raise InputError(
                f"cannot sweep over {word!r}; use A,B or choice(A,B) or range(START,STOP,STEP)."
            ) from error
        if not values:
            raise InputError(f"{word!r} sweeps over no value at all.")
        return values

    def full_key(self, word: Word) -> str:
        """Return the group or the setting that an argument is about, as far as no other argument decides which."""
        key = _key(word.override)
        if key in self._groups or "." in key:  # written in full, which needs no configs to be composed
            return key
        return next(iter(_matches(key, self._base([]).nodes)), key)

    def point(self, words: Sequence[Word], swept: Sequence[bool]) -> SweepPoint:
        """Return the point that ``words`` give; those ``swept`` make its label. Raises ``InputError``."""
        # A group decides which keys exist, so all groups are settled before any key is looked up.
        chosen = {index: self._choice(each) for index, each in enumerate(words) if self._names_group(each.override)}
        choices = [line for line in chosen.values() if line]
        base = self._base(choices)
        if self._insist_rerank and base.choices.get("rerank") in (None, "none"):
            methods = ", ".join(name for name in self._groups["rerank"].choices if name != "none")
            raise InputError(f"--rerank needs a re-ranking method, not rerank=none; choose one of {methods}.")
        settings = {
            index: self._setting(each, base.nodes, choices) for index, each in enumerate(words) if index not in chosen
        }
        lines = {**{index: words[index].override.input_line for index in chosen}, **settings}
        label = " ".join(
            f"{str(lines[index]).partition('=')[0]}={show(each.override.value())}"
            for index, each in enumerate(words)
            if swept[index]
        )
        config = self._compose([*choices, *settings.values()]) if settings else base.config
        return SweepPoint(label, check_settings(self._schema, _resolved(config)))

    def _names_group(self, override: Override) -> bool:
        return _key(override) in self._groups

    def _choice(self, word: Word) -> str | None:
        """Return the checked override of a group, or nothing if it says null where that is the default."""
        if word.problem:
            raise word.problem
        override = word.override
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
                raise unknown_choice(group.key, show(name), group.choices, PLUGIN_GROUPS.get(group.key))
            if name in group.plugins:
                store_plugin(group.key, name)
        return line

    def _setting(self, word: Word, nodes: dict[str, Any], choices: list[str]) -> str:
        """Return the checked override of a setting, its key written in full."""
        override = word.override
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
        takes_text = full in text_settings(self._schema, nodes)
        if word.problem and not takes_text:
            raise word.problem
        is_read_otherwise = override.is_sweep_override() or not isinstance(override.value(), str | None)
        if takes_text and (is_read_otherwise or is_path(word.typed)):
            # What follows KEY= is the text as it stands, such as a folder called 2024 or "[old] photos, 1 ".
            return f"{full}={verbatim(word.typed)}"
        for kind, name in ((list, "a list"), (dict, "a section {KEY: VALUE}")):
            value = override.value()
            if isinstance(nodes[full], kind) and isinstance(value, list | dict) and not isinstance(value, kind):
                raise InputError(f"{full} takes {name}, not {show(value)!r}.")  # Hydra cannot merge the two
        return line.replace(key, full, 1)

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
        flags = {flag.lstrip("-").partition(" ")[0]: flag for flag in flags_of(self._job)}
        keys = {key: f"{key}=VALUE" for key in [*self._base([]).nodes, *self._groups]}
        return _meant(word, {**flags, **choices, **keys})

    def _base(self, choices: list[str]) -> _Base:
        """Return the config of these group overrides, composed once for all the points that share them."""
        if (key := tuple(choices)) not in self._bases:
            config = self._compose(choices, with_hydra=True)
            of_groups = config.hydra.runtime.choices
            with open_dict(config):
                del config["hydra"]
            nodes: Any = OmegaConf.to_container(config, resolve=False)
            self._bases[key] = _Base(dict(flatten(nodes)), dict(of_groups), config)
        return self._bases[key]

    def _compose(self, overrides: list[str], with_hydra: bool = False) -> DictConfig:
        try:
            return compose(self._job, overrides=overrides, return_hydra_config=with_hydra)
        except RecursionError as error:
            raise InputError(
                f"the configs of {' '.join([self._job, *overrides])} cannot be composed: one of them names itself in "
                "its defaults; take it out of the list."
            ) from error
        except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
            raise InputError(_hydra_message(error)) from error  # the last two are of what stands in a config


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
