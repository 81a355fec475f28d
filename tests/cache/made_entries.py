"""Entries of a cache, and folders that look like some."""

from pathlib import Path

import torch

from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.tensors import read_entry

NAME = "0" * 64


OTHER = "1" * 64


def entry(cache: Path, number: float, name: str = NAME, kind: str = "kind") -> Path:
    with EntryWriter(cache / kind / name, "numbers") as new:
        new.write({"numbers": torch.full((10,), number)})
        new.finish(name, {})
    return cache / kind / name


def number_in(place: Path) -> float | None:
    found = read_entry(place, place.name, "numbers")
    return float(found.tensors["numbers"].unique()) if found else None


def named_like_ours(cache: Path) -> None:
    for kind in ("features", "faces", "similarities", "adversarial", "centres"):
        (cache / kind / NAME).mkdir(parents=True)
        (cache / kind / NAME / "thesis.tex").write_text("years of work")


def files_and_folders(cache: Path) -> None:
    (cache / "photographs" / "holiday").mkdir(parents=True)
    (cache / "notes").touch()
    (cache / "kind").mkdir()
    (cache / "kind" / NAME).touch()


def killed(path: Path) -> None:
    raise KeyboardInterrupt
