"""Folders of files that come with the package and are no Python: configs and model cards."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def is_installed() -> bool:
    """Whether the package runs without a checkout around it, as a wheel installs it."""
    return (_package() / "shipped").is_dir()


def shipped_folder(name: str) -> Path:
    """Return the folder ``configs`` or ``checkpoints`` that came with fdemd.

    In a checkout it lies at the top, beside the package; the build of a wheel copies it into ``fdemd/shipped``.
    """
    return (_package() / "shipped" if is_installed() else _package().parent) / name


def _package() -> Path:
    return Path(str(files("fdemd")))
