"""Code that is not fdemd's own, as part of the keys of what it made: a plug-in is edited while it is used."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def code_key(made_by: type | object) -> dict[str, str]:
    """Return what a key must hold of the code of a class or function: the digest of the file that defines it.

    fdemd's own code has no part in keys, so that what an earlier version stored is found; its ``_VERSION`` in
    :mod:`fdemd.cache.features` or :mod:`fdemd.cache.similarities` is raised when what it makes changes.

    Args:
        made_by: The class of a network or re-ranker, or the function of a kind of query.

    Returns:
        ``code`` -> SHA-256 of the file; empty for fdemd's own code, and for code without a file.

    Example:
        >>> from fdemd.faces.queries import QUERY_KINDS
        >>> code_key(QUERY_KINDS["crop"])
        {}
    """
    name = made_by.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    if name.split(".")[0] == "fdemd" or file is None:
        return {}
    return {"code": hashlib.sha256(Path(file).read_bytes()).hexdigest()}
