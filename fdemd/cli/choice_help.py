"""What ``--help`` prints beside ``GROUP=CHOICE``: the settings of that choice, as its commented file has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fdemd.cli.config_file import config_text
from fdemd.cli.configs import PLUGIN_GROUPS, Configs, Group, is_global
from fdemd.settings.checking import show
from fdemd.settings.plugin_settings import plugin_defaults
from fdemd.settings.plugins import plugin_origin, unknown_choice

_CHOICE = re.compile(r"\+?(?P<key>[^=]+)=\[?(?P<names>[^\]]*)\]?")


def choice_help(words: Sequence[str], groups: Mapping[str, Group], configs: Configs) -> str:
    """Return the settings of every choice among the words of a command line; empty if there is none.

    Args:
        words: Arguments such as ``rerank=emd`` or ``query=[mask,crop]``; others are passed over.
        groups: The groups by key.
        configs: Where their files are.

    Raises:
        InputError: A group has no such choice.
    """
    named = [
        (groups[found["key"]], name.strip())
        for found in map(_CHOICE.fullmatch, words)
        if found and found["key"] in groups
        for name in found["names"].split(",")
    ]
    return "\n\n".join(_settings(group, name, configs) for group, name in named)


def _settings(group: Group, name: str, configs: Configs) -> str:
    if name not in group.choices:
        raise unknown_choice(group.key, name, group.choices, PLUGIN_GROUPS.get(group.key))
    if name in group.plugins:
        kind = PLUGIN_GROUPS[group.key]
        settings = plugin_defaults(kind, name)
        where = f"the plug-in {plugin_origin(kind, name)}"
        text = "\n".join(f"{key}: {show(value)}" for key, value in settings.items()) or "# It has no settings."
        prefix = f"{group.key}.{name}." if group.several else f"{group.key}."
    else:
        path = configs.file(f"{group.key.partition('@')[0]}/{name}")
        where, text, prefix = str(path), config_text(path).strip(), "" if is_global(path) else f"{group.key}."
    return f"# {group.key}={name}: {where}\n# Set with {prefix}KEY=VALUE.\n\n{text}"
