"""Pairs of photographs of one person or of two, as Labeled Faces in the Wild lists them (``pairs.txt``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.data.manifest import Manifest, Photograph
from fdemd.errors import InputError


@dataclass(frozen=True)
class Pairs:
    """``P`` pairs of photographs, in folds.

    Attributes:
        manifest: every photograph that occurs in a pair, once.
        first: ``(P,)`` rows of the manifest.
        second: ``(P,)`` rows of the manifest.
        same: ``(P,)`` boolean, whether both show one person.
        fold: ``(P,)`` integers from 0.
    """

    manifest: Manifest
    first: Tensor
    second: Tensor
    same: Tensor
    fold: Tensor

    def __len__(self) -> int:
        return len(self.same)


class _Pair(NamedTuple):
    first: tuple[str, int]
    second: tuple[str, int]
    fold: int


def read_pairs(path: Path, root: Path) -> Pairs:
    """Read LFW's list of pairs.

    Its first line has the number of folds (left out if there is one) and the number of pairs of each kind in a fold.
    Then come, fold by fold, lines ``person number number`` (one person) and ``person number person number`` (two).

    Args:
        path: the list, such as ``pairs.txt`` of View 2.
        root: folder of the photographs, ``Person/Person_0001.jpg``.

    Raises:
        InputError: the list cannot be read or is not of this form, or a photograph is missing.
    """
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise InputError(
            f"The list of pairs {path} cannot be read ({error.strerror}); give it with data.pairs=PATH."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"The list of pairs {path} is not a text file in UTF-8: {error}.") from error
    pairs, root = list(_parsed(lines, path)), root.resolve()
    shown = sorted({photograph for pair in pairs for photograph in pair[:2]})
    photographs = tuple(_photograph(person, number) for person, number in shown)
    if missing := [photograph.path for photograph in photographs if not (root / photograph.path).is_file()]:
        raise InputError(
            f"{root} lacks {len(missing)} of the {len(shown)} photographs that {path} names, {missing[0]} first; "
            "data.root must be the folder that holds one folder a person."
        )
    if outside := [entry.path for entry in photographs if not (root / entry.path).resolve().is_relative_to(root)]:
        raise InputError(f"{path} names {outside[0]}, which leads out of the folder {root}.")
    row = {photograph: number for number, photograph in enumerate(shown)}
    return Pairs(
        Manifest(root, photographs),
        torch.tensor([row[pair.first] for pair in pairs]),
        torch.tensor([row[pair.second] for pair in pairs]),
        torch.tensor([pair.first[0] == pair.second[0] for pair in pairs]),
        torch.tensor([pair.fold for pair in pairs]),
    )


def _parsed(lines: list[list[str]], path: Path) -> Iterator[_Pair]:
    try:
        folds, of_each_kind = (1, *map(int, lines[0]))[-2:]
    except (IndexError, ValueError):
        raise InputError(f"{path} must begin with its number of folds and of pairs in each, such as: 10 300.") from None
    if folds < 1 or of_each_kind < 1 or len(lines) != 1 + 2 * folds * of_each_kind:
        raise InputError(
            f"{path} should have {folds} folds of 2 x {of_each_kind} pairs by its first line, but {len(lines) - 1} "
            "pairs follow."
        )
    for number, fields in enumerate(lines[1:]):
        fold, place = divmod(number, 2 * of_each_kind)
        same = place < of_each_kind
        try:
            person, first, *other, second = fields
            if len(other) != (0 if same else 1) or (other and other[0] == person):
                raise ValueError
            yield _Pair((person, int(first)), (other[0] if other else person, int(second)), fold)
        except ValueError:
            form = "PERSON NUMBER NUMBER" if same else "PERSON NUMBER OTHER_PERSON NUMBER"
            raise InputError(f"{path}: pair {number + 1} is {' '.join(fields)!r}; {form} belongs there.") from None


def _photograph(person: str, number: int) -> Photograph:
    path = f"{person}/{person}_{number:04d}.jpg"
    return Photograph(path, person, path)
