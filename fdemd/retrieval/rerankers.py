"""Names and settings of re-rankers -> re-rankers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import fdemd.retrieval
from fdemd.errors import InputError, unknown
from fdemd.retrieval.reranker import Reranker
from fdemd.settings.plugins import load_plugin, plugin_names
from fdemd.settings.ranking import RERANKER_MODULE, Reranking


def reranker_names() -> list[str]:
    """Return the names of all re-rankers: those of this package, and those of plug-ins.

    Example:
        >>> {"emd", "k_reciprocal", "query_expansion"} <= set(reranker_names())
        True
    """
    prefix = RERANKER_MODULE.rpartition(".")[2]
    found = [module.name for module in iter_modules(fdemd.retrieval.__path__)]
    own = [name.removeprefix(prefix) for name in found if name.startswith(prefix)]
    return [*own, *plugin_names("rerankers")]


def build_reranker(settings: Reranking) -> Reranker:
    """Return the re-ranker that a section of settings names.

    Raises:
        InputError: There is no such re-ranker, or it does not take these settings.

    Example:
        >>> from fdemd.settings.ranking import EmdRerank
        >>> build_reranker(EmdRerank(weighting="sc")).patches
        'raw'
    """
    build = _builder(settings.method)
    try:
        inspect.signature(build).bind(**settings.options)
    except TypeError as error:
        raise InputError(f"rerank={settings.method} does not take these settings: {error}.") from error
    return build(**settings.options)


def _builder(name: str) -> Callable[..., Reranker]:
    if name.isidentifier() and find_spec(f"{RERANKER_MODULE}{name}"):
        module = import_module(f"{RERANKER_MODULE}{name}")
        (found,) = (
            each
            for each in vars(module).values()
            if inspect.isclass(each) and issubclass(each, Reranker) and each.__module__ == module.__name__
        )
        return found
    if name not in plugin_names("rerankers"):
        raise unknown("re-ranking method", name, reranker_names())
    plugin: Callable[..., Reranker] = load_plugin("rerankers", name)
    return plugin
