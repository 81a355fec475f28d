"""fdemd's own re-rankers: one in each module ``fdemd/retrieval/reranker_NAME.py``, found by its name; no list."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from inspect import isclass
from pkgutil import iter_modules
from typing import Any

_ROOM, _PREFIX = "fdemd.retrieval", "reranker_"


def own_rerankers() -> list[str]:
    """Return the names of the re-rankers, sorted. Imports none of them.

    Example:
        >>> own_rerankers()[:2]
        ['emd', 'k_reciprocal']
    """
    spec = find_spec(_ROOM)
    modules = iter_modules(spec.submodule_search_locations if spec else [])
    return sorted(each.name.removeprefix(_PREFIX) for each in modules if each.name.startswith(_PREFIX))


def own_reranker(name: str) -> Any:
    """Import a re-ranker and return its class, the only one in its module that derives from ``Reranker``.

    Args:
        name: One of :func:`own_rerankers`.
    """
    base = import_module(f"{_ROOM}.reranker").Reranker
    module = import_module(f"{_ROOM}.{_PREFIX}{name}")
    classes = [each for each in vars(module).values() if isclass(each) and each.__module__ == module.__name__]
    (found,) = (each for each in classes if issubclass(each, base))
    return found
