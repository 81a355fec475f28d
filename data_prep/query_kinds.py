"""The kinds of query that can be made ahead as files, and the settings that an evaluation has for them by default."""

from __future__ import annotations

from typing import Any

import yaml

from fdemd.cli.configs import CONFIG_DIR
from fdemd.settings.plugin_settings import plugin_defaults
from fdemd.settings.plugins import plugin_names
from fdemd.settings.queries import ADVERSARIAL, QUERY_SECTIONS

REQUIRED = "???"
"""Instead of a default: the setting must be given."""


def copied_kinds() -> list[str]:
    """Return the kinds that change a face and need no network to do so, those of plug-ins included.

    Example:
        >>> copied_kinds()[:2]
        ['mask', 'sunglass']
    """
    return [*(kind for kind in QUERY_SECTIONS if kind not in ("clean", ADVERSARIAL)), *plugin_names("queries")]


def default_settings(kind: str) -> dict[str, Any]:
    """Return the settings of a kind by name, with their defaults or :data:`REQUIRED`.

    Raises:
        InputError: The kind is of a plug-in that cannot be imported.
    """
    if kind not in QUERY_SECTIONS:
        return plugin_defaults("queries", kind)
    with (CONFIG_DIR / "query" / f"{kind}.yaml").open(encoding="utf-8") as file:
        settings: dict[str, Any] = yaml.safe_load(file)[kind]
    return settings
