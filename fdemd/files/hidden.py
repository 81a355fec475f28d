"""Files that operating systems hide beside photographs: previews, checkpoints, recycle bins, names with a dot."""

from __future__ import annotations

HIDDEN = "a hidden copy, made by a system"
"""The reason given for not using such a file."""
_MADE_BY_SYSTEMS = frozenset(
    ["__macosx", "@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin", "thumbs.db", "desktop.ini"]
)


def is_hidden(path: str) -> bool:
    """Return whether a file is hidden, or lies in a hidden folder.

    Hidden are the checkpoints of notebooks, the previews, bins and snapshots of macOS, NAS systems and Windows, and
    every name that begins with a dot. Many are copies of photographs: taken as such, they let a query find itself.

    Args:
        path: Path relative to the folder or archive that a person gave, with forward slashes. The folders above it
            are the person's own choice, whatever they are called.

    >>> [is_hidden(f"Ann/{name}") for name in ("1.jpg", "._1.jpg", ".ipynb_checkpoints/1-checkpoint.jpg")]
    [False, True, True]
    >>> is_hidden("./Ann/1.jpg"), is_hidden("@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg")
    (False, True)
    """
    return any(
        (part.startswith(".") and part not in (".", "..")) or part.casefold() in _MADE_BY_SYSTEMS
        for part in path.split("/")
    )
