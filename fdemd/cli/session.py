"""Hydra, set up to compose the configs of several folders and of plug-ins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra import initialize_config_dir
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf.errors import UnsupportedValueType

from fdemd.cli.configs import PLUGIN_GROUPS, Configs
from fdemd.errors import InputError
from fdemd.settings.plugin_settings import plugin_defaults
from fdemd.settings.ranking import Mix

_NAMED_BY = {"model": "backbone", "rerank": "method"}
"""Config groups -> the setting that names the choice; a kind of query is the name of its own section instead."""
_COMMON = {"rerank": {name: field.default for name, field in Mix.model_fields.items()}}
"""Config groups -> settings that every choice has, beside those of its signature."""


@contextmanager
def composing(configs: Configs) -> Iterator[None]:
    """Let :func:`hydra.compose` find ``configs``; Hydra is as it was afterwards."""
    *own, shipped = (str(folder.resolve()) for folder in configs.folders)
    with initialize_config_dir(shipped, version_base=None):
        if own:  # Hydra's own way to add folders puts them last, where they could not replace a choice
            path = create_config_search_path(shipped)
            for folder in reversed(own):
                path.prepend("own", f"file://{folder}")
            GlobalHydra.instance().clear()
            Hydra.create_main_hydra2("app", path)
        yield


def store_plugin(group: str, name: str) -> None:
    """Give a plug-in the config that Hydra composes for ``group=name``: the settings of its signature.

    Raises:
        InputError: The plug-in cannot be imported, or its settings cannot be written on a command line.
    """
    settings = plugin_defaults(PLUGIN_GROUPS[group], name)
    settings = _COMMON.get(group, {}) | settings
    node: dict[str, Any] = {_NAMED_BY[group]: name, **settings} if group in _NAMED_BY else {name: settings}
    try:
        ConfigStore.instance().store(name=name, group=group, node=node)
    except UnsupportedValueType as error:
        raise InputError(
            f"The settings of the plug-in {name} of fdemd.{PLUGIN_GROUPS[group]} cannot be told: the default of its "
            f"parameter {error.full_key} is no number, text, or list of these."
        ) from error
