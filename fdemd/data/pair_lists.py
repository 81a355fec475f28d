"""Lists of pairs of photographs as the sets for verification publish them.

Five forms are read; which one a list has is told by its content.

- LFW (``pairs.txt``, http://vis-www.cs.umass.edu/lfw/): the number of folds (left out if there is one) and of pairs of
  each kind in a fold, then fold by fold ``PERSON NUMBER NUMBER`` and ``PERSON NUMBER OTHER_PERSON NUMBER``.
- MFR2 (``pairs.txt``) and others: the same lines without a first one, in any order; no folds.
- CALFW and CPLFW (``pairs_CALFW.txt``): two lines a pair, ``FILE NUMBER``; 0 if they show two people.
- MLFW (``pairs.txt``): ``FILE FILE 1`` or ``FILE FILE 0``.
- CFP (``Protocol/Split/FP``, a folder): ``01/same.txt`` and ``01/diff.txt`` to ``10/...`` with ``NUMBER,NUMBER``; the
  photographs of the numbers stand in ``Protocol/Pair_list_F.txt`` and, for the second of FP, ``Pair_list_P.txt``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fdemd.data.names import identity_of
from fdemd.data.tree import is_image, without_ending
from fdemd.errors import InputError
from fdemd.files.user_paths import check_file, check_folder

_FOLDS = 10
"""Of lists that name none."""
_DIGITS = 9
"""Python refuses to read numbers of thousands of digits, and no set has a billion photographs."""
_ADVICE = "give it with data.pairs=PATH"
_log = logging.getLogger(__name__)


class Pair(NamedTuple):
    """Two photographs of a list.

    Attributes:
        first: End of the first photograph's path, without the ending.
        second: End of the second photograph's path, likewise.
        same: Whether they show one person.
        fold: Fold that the pair is in, from 0.
    """

    first: str
    second: str
    same: bool
    fold: int


def read_pair_list(path: Path) -> list[Pair]:
    """Read the pairs of a list, in its order.

    Args:
        path: File, or folder for CFP.

    Raises:
        InputError: The list cannot be read or has none of the known forms.
    """
    if os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir it never raises
        return list(_of_cfp(check_folder(path, "The list of pairs", _ADVICE)))
    lines = [_fields(line) for line in _lines(path)]
    first = lines[0] if lines else []
    if 1 <= len(first) <= 2 and all(map(_is_number, first)):
        return list(_of_lfw(lines, path))
    if len(first) == 3 and is_image(first[0]):
        return _in_folds(_of_mlfw(lines, path), path)
    if len(first) == 2 and is_image(first[0]):
        return _in_folds(_of_calfw(lines, path), path)
    if len(first) in (3, 4) and _is_number(first[1]) and _is_number(first[-1]):
        pairs = _in_folds(_of_mfr2(lines, path), path)
        _log.warning(
            "%s names no folds; its pairs of each kind are cut into %d, in their order.",
            path,
            1 + max(pair.fold for pair in pairs),
        )
        return pairs
    raise InputError(
        f"{path} is no list of pairs of a known form: LFW's begins with its number of folds and of pairs in each (10 "
        "300), MFR2's with PERSON NUMBER NUMBER or PERSON NUMBER OTHER_PERSON NUMBER, CALFW's with FILE NUMBER, MLFW's "
        "with FILE FILE 1, and CFP's is a folder such as Protocol/Split/FP."
    )


def _named(file: str) -> str:
    """What a list calls a photograph: its path with forward slashes, without the ending."""
    return without_ending(file.replace("\\", "/"))


def _lines(path: Path) -> list[str]:
    try:
        text = check_file(path, "The list of pairs", _ADVICE).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The list of pairs {path} cannot be read ({error.strerror}); {_ADVICE}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The list of pairs {path} is not a text file in UTF-8: {error}.") from error
    return [line for line in text.splitlines() if line.strip()]


def _fields(line: str) -> list[str]:
    """The fields of a line; names with blanks in them need tabs between the fields."""
    return [field.strip() for field in line.split("\t") if field.strip()] if "\t" in line else line.split()


def _is_number(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= _DIGITS


def _number(field: str) -> int:
    """Raises ValueError for what is no number of a list."""
    if not _is_number(field.strip()):
        raise ValueError
    return int(field)


def _of_lfw(lines: Sequence[Sequence[str]], path: Path) -> Iterator[Pair]:
    folds, of_each_kind = (1, *map(_number, lines[0]))[-2:]
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
            one, two = _numbered_photograph(person, first), _numbered_photograph(other[0] if other else person, second)
        except ValueError:
            form = "PERSON NUMBER NUMBER" if same else "PERSON NUMBER OTHER_PERSON NUMBER"
            raise InputError(f"{path}: pair {number + 1} is {' '.join(fields)!r}; {form} belongs there.") from None
        yield Pair(one, two, same, fold)


def _of_mfr2(lines: Sequence[Sequence[str]], path: Path) -> Iterator[Pair]:
    for number, fields in enumerate(lines, start=1):
        person, first, *other, second = fields if len(fields) in (3, 4) else ("", "", "")
        if not _is_number(first) or not _is_number(second):
            raise InputError(
                f"{path}: line {number} is {' '.join(fields)!r}; PERSON NUMBER NUMBER or PERSON NUMBER OTHER_PERSON "
                "NUMBER belongs there."
            )
        second_person = other[0] if other else person
        same = identity_of(person) == identity_of(second_person)
        yield Pair(_numbered_photograph(person, first), _numbered_photograph(second_person, second), same, 0)


def _numbered_photograph(person: str, number: str) -> str:
    return f"{person}/{person}_{_number(number):04d}"


def _of_calfw(lines: Sequence[Sequence[str]], path: Path) -> Iterator[Pair]:
    if len(lines) % 2:
        raise InputError(f"{path} has {len(lines)} lines; a pair has two.")
    for number in range(0, len(lines), 2):
        both = lines[number : number + 2]
        read = [len(fields) == 2 and is_image(fields[0]) and _is_number(fields[1]) for fields in both]
        kinds = {fields[-1] != "0" for fields in both}
        if len(kinds) != 1 or not all(read):
            found = " / ".join(" ".join(fields) for fields in both)
            raise InputError(
                f"{path}: lines {number + 1} and {number + 2} are {found!r}; FILE NUMBER belongs there twice, both "
                "numbers 0 or none."
            )
        yield Pair(_named(both[0][0]), _named(both[1][0]), kinds.pop(), 0)


def _of_mlfw(lines: Sequence[Sequence[str]], path: Path) -> Iterator[Pair]:
    for number, fields in enumerate(lines, start=1):
        if len(fields) != 3 or fields[2] not in ("0", "1") or not all(map(is_image, fields[:2])):
            raise InputError(f"{path}: line {number} is {' '.join(fields)!r}; FILE FILE and 0 or 1 belong there.")
        yield Pair(_named(fields[0]), _named(fields[1]), fields[2] == "1", 0)


def _of_cfp(folder: Path) -> Iterator[Pair]:
    folds = sorted(entry for entry in folder.iterdir() if _is_fold(entry))
    if not folds:
        raise InputError(f"{folder} has no 01/same.txt; CFP's lists of pairs are Protocol/Split/FF and .../FP.")
    lists = folder.parent.parent
    frontal = _numbered(lists / "Pair_list_F.txt")
    second = _numbered(lists / "Pair_list_P.txt") if folder.name == "FP" else frontal
    for fold, of in enumerate(folds):
        for file in (of / "same.txt", of / "diff.txt"):
            for number, line in enumerate(_lines(file), start=1):
                try:
                    one, two = map(_number, line.split(","))
                    yield Pair(frontal[one], second[two], file.name == "same.txt", fold)
                except (ValueError, KeyError):
                    raise InputError(
                        f"{file}: line {number} is {line!r}; two numbers of the lists in {lists} belong there."
                    ) from None


def _is_fold(entry: Path) -> bool:
    """Whether an entry is a folder of a fold, or one that may not be looked into: reading it says so."""
    try:
        (entry / "same.txt").stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _numbered(file: Path) -> dict[int, str]:
    """Photographs by number, ``1 ../Data/Images/001/frontal/01.jpg``: person, view and number of each."""
    found = {}
    for number, line in enumerate(_lines(file), start=1):
        try:
            key, path = line.split()
            found[_number(key)] = "/".join(_named(path).split("/")[-3:])
        except ValueError:
            raise InputError(f"{file}: line {number} is {line!r}; NUMBER PATH belongs there.") from None
    return found


def _in_folds(pairs: Iterator[Pair], path: Path) -> list[Pair]:
    """The pairs with folds: of each kind, in their order, a tenth each; fewer folds if there are not ten of a kind.

    Where a list has 300 pairs of one person and 300 of two in turn, as those of CALFW and MLFW, these are its folds.
    """
    listed = list(pairs)
    totals = {kind: sum(pair.same == kind for pair in listed) for kind in (True, False)}
    if not all(totals.values()):
        lacking = "two people" if totals[True] else "one person"
        raise InputError(f"{path} has no pair of {lacking}; without both kinds there is nothing to tell apart.")
    folds, seen, found = min(_FOLDS, *totals.values()), {True: 0, False: 0}, []
    for pair in listed:
        found.append(pair._replace(fold=seen[pair.same] * folds // totals[pair.same]))
        seen[pair.same] += 1
    return found
