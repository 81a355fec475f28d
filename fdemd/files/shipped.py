"""Folders of files that come with the package and are no Python: configs and model cards."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped_folder(name: str) -> Path:
    """Return the folder ``configs`` or ``checkpoints`` that came with fdemd.

    In a checkout it lies at the top, beside the package; the build of a wheel copies it into ``fdemd/shipped``.
    """
    package = Path(str(files("fdemd")))
    installed = package / "shipped" / name
    return installed if installed.is_dir() else package.parent / name
