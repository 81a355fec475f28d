"""Pairs of photographs of one person or of two: a list of pairs and the photographs that it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from fdemd.data.aligned import LeftOut
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.names import identity_of
from fdemd.data.pair_lists import read_pair_list
from fdemd.data.preparation_report import REPORT, WITHOUT_FACE, read_without_face
from fdemd.data.tree import without_ending
from fdemd.errors import InputError

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Pairs:
    """``P`` pairs of photographs, in folds.

    Attributes:
        manifest: Every photograph that occurs in a pair, once.
        first: Rows of the manifest ``(P,)``: the first photograph of each pair.
        second: Rows of the manifest ``(P,)``: the second photograph of each pair.
        same: Whether both show one person, booleans ``(P,)``.
        fold: Fold of each pair ``(P,)``, integers from 0.
        without: Photographs that gave no face when the set was prepared; their files are not below the root.
    """

    manifest: Manifest
    first: Tensor
    second: Tensor
    same: Tensor
    fold: Tensor
    without: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.same)


def read_pairs(path: Path, photographs: Manifest) -> Pairs:
    """Read a list of pairs of photographs, see :mod:`fdemd.data.pair_lists`.

    The list names photographs by the end of their paths (``Ann_Able/Ann_Able_0001``), whatever folders they lie in
    and whatever kind of file they are now; spellings of one name are the same (:mod:`fdemd.data.names`). A photograph
    that gave no face when the set was prepared stays in its pairs.

    Args:
        path: The list.
        photographs: Photographs that it may name, and more.

    Raises:
        InputError: The list cannot be read or is not of a known form, or a photograph is missing or not unique.
    """
    pairs = [pair._replace(first=_spelled(pair.first), second=_spelled(pair.second)) for pair in read_pair_list(path)]
    names = sorted({name for pair in pairs for name in pair[:2]})
    found = _by_tail(((photograph.path, photograph) for photograph in photographs.photographs), names)
    without_face = read_without_face(photographs.root) if len(found) < len(names) else []
    lost = _by_tail(((row[0], row) for row in without_face), names)
    rows: list[Photograph] = []
    without, missing = [], []
    for name in names:
        if name in found:
            rows.append(found[name])
        elif name in lost:
            file, problem, reason = lost[name]
            without.append(LeftOut(len(rows), problem, reason))
            rows.append(Photograph(file, "", file))
        else:
            missing.append(name)
    if missing:
        raise InputError(
            f"{photographs.root} lacks {len(missing)} of the {len(names)} photographs that {path} names, {missing[0]} "
            f"first; set and list must belong together, and a set whose {REPORT} does not list its {WITHOUT_FACE} be "
            "prepared again."
        )
    row_of = {name: row for row, name in enumerate(names)}
    return Pairs(
        Manifest(photographs.root, tuple(rows)),
        torch.tensor([row_of[pair.first] for pair in pairs]),
        torch.tensor([row_of[pair.second] for pair in pairs]),
        torch.tensor([pair.same for pair in pairs]),
        torch.tensor([pair.fold for pair in pairs]),
        tuple(without),
    )


def _by_tail(files: Iterable[tuple[str, _Value]], names: Iterable[str]) -> dict[str, _Value]:
    """What belongs to the file that each name is the end of, without its ending, if there is one.

    Raises:
        InputError: there are two.
    """
    wanted = set(names)
    depths = {name.count("/") + 1 for name in wanted}
    found: dict[str, tuple[str, _Value]] = {}
    for path, value in files:
        parts = _spelled(without_ending(path.replace("\\", "/"))).split("/")
        for depth in depths:
            if (tail := "/".join(parts[-depth:])) not in wanted:
                continue
            if tail in found:
                raise InputError(
                    f"{found[tail][0]} and {path} are both called {tail}, so that nothing says which one a pair means."
                )
            found[tail] = path, value
    return {name: value for name, (_, value) in found.items()}


def _spelled(path: str) -> str:
    """A path in which every name has the one spelling that all of its spellings share."""
    return "/".join(identity_of(name) for name in path.split("/"))
