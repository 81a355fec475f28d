"""Photographs of LFW that calibrations are fitted on, and those of other people that they are measured with."""

from __future__ import annotations

import random
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.errors import InputError
from fdemd.repro.auto_alpha_fit import draw_fitted_people

FIT, TEST = "fit", "test"


class Sizes(NamedTuple):
    """How many photographs are drawn: of people with two or more, and of people with one."""

    several: int
    single: int


SIZES = {FIT: Sizes(1000, 200), TEST: Sizes(1000, 600)}
"""Of either part. People with one photograph are gallery only: nothing else of theirs could be found."""
MOST_OF_A_PERSON = 4
"""Photographs of one person, the first by name."""


def read_archive(folder: Path) -> dict[str, list[str]]:
    """Return person -> names of the photographs in LFW's archive, without their endings.

    Args:
        folder: Folder of ``lfw-deepfunneled.tar`` or ``.tgz``.

    Raises:
        InputError: There is no such archive.
    """
    archives = sorted(folder.glob("lfw-deepfunneled*"))
    if not archives:
        raise InputError(f"{folder} has no lfw-deepfunneled.tar or .tgz; give the folder with --lfw DIR.")
    people: dict[str, list[str]] = {}
    with tarfile.open(archives[0]) as archive:
        for name in archive.getnames():
            if name.endswith(".jpg"):
                path = Path(name)
                people.setdefault(path.parent.name, []).append(path.stem)
    return {person: sorted(names) for person, names in people.items()}


def draw_sample(
    people: Mapping[str, Sequence[str]], seed: int, sizes: Mapping[str, Sizes] = SIZES
) -> dict[str, set[str]]:
    """Draw photographs of half of the people to fit on, those whom ``alpha=auto`` was fitted on, and of the others.

    Args:
        people: As :func:`read_archive` gives them.
        seed: Seed of both draws.
        sizes: How many of each part.

    Returns:
        Part -> names of photographs.
    """
    fitted, rng = draw_fitted_people(people, seed), random.Random(seed)
    found: dict[str, set[str]] = {}
    for part in (FIT, TEST):
        names = [name for name in sorted(people) if (name in fitted) == (part == FIT)]
        rng.shuffle(names)
        drawn: dict[bool, list[str]] = {True: [], False: []}
        for name in names:
            several = len(people[name]) > 1
            if len(drawn[several]) < (sizes[part].several if several else sizes[part].single):
                drawn[several] += people[name][:MOST_OF_A_PERSON]
        found[part] = {*drawn[True], *drawn[False]}
    return found


def write_samples(prepared: Path, sample: Mapping[str, set[str]]) -> dict[str, Path]:
    """Write a manifest of each part beside that of a prepared set.

    Args:
        prepared: Folder of LFW's faces, aligned by one template.
        sample: Part -> names of photographs.

    Returns:
        Part -> its manifest.

    Raises:
        InputError: The set has not all of the photographs.
    """
    whole = read_manifest(prepared / "manifest.csv")
    by_name = {Path(photograph.path).stem: photograph for photograph in whole.photographs}
    files = {}
    for part, names in sample.items():
        if missing := sorted(names - by_name.keys()):
            raise InputError(f"{prepared} has no face of {missing[0]}.jpg; remove the folder, to prepare it anew.")
        chosen = [by_name[name] for name in sorted(names)]
        people = [photograph.identity for photograph in chosen]
        rows = tuple(replace(each, is_query=people.count(each.identity) > 1) for each in chosen)
        files[part] = prepared / f"trust_{part}.csv"
        write_manifest(Manifest(whole.root, rows), files[part])
    return files
