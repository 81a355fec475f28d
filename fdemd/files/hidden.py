"""Copies of photographs that systems make beside them, which are nobody's photographs."""

from __future__ import annotations

HIDDEN = "a hidden copy, made by a system"
"""Why such a file is not used."""
_MADE_BY_SYSTEMS = frozenset(
    ["__macosx", "@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin", "thumbs.db", "desktop.ini"]
)


def is_hidden(path: str) -> bool:
    """Whether a file is one that a system made or hid, or lies in a folder of such.

    They are notebooks' checkpoints, a Mac's, NAS's and Windows' previews, bins and snapshots, and every name that
    begins with a dot. Many are copies of photographs: taken as such, they let a query find itself.

    Args:
        path: relative to the folder or archive that a person gave, with forward slashes. What lies above is the
            person's own choice, whatever it is called.

    >>> [is_hidden(f"Ann/{name}") for name in ("1.jpg", "._1.jpg", ".ipynb_checkpoints/1-checkpoint.jpg")]
    [False, True, True]
    >>> is_hidden("./Ann/1.jpg"), is_hidden("@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg")
    (False, True)
    """
    return any(
        (part.startswith(".") and part not in (".", "..")) or part.casefold() in _MADE_BY_SYSTEMS
        for part in path.split("/")
    )
