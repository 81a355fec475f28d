"""Who becomes a cohort, and that nobody of them is in the test: not by name, not by picture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import torch

from fdemd.checkpoints import sha256_of
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.names import identity_of
from fdemd.errors import InputError

_NAMED = 3
"""People that one error names."""


def draw_people(manifest: Manifest, count: int, seed: int) -> frozenset[str]:
    """Draw people of the gallery who become the cohort, and leave queries and gallery.

    Args:
        manifest: Photographs of the test.
        count: Number of people to draw.
        seed: Seed of the draw.

    Raises:
        InputError: Fewer than two people would be drawn, or left for the test.
    """
    people = sorted({photograph.identity for photograph in manifest.photographs if photograph.is_gallery})
    if count < 2:
        raise InputError(f"align.people is {count}; a cohort needs two people at least.")
    if count > len(people) - 2:
        raise InputError(
            f"align.people is {count}, but {manifest.root} has {len(people)} people in the gallery, and two must be "
            "left to be identified; give fewer, or a cohort of its own with align.manifest=FILE.csv."
        )
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))
    return frozenset(people[number] for number in order[:count].tolist())


def pictures_of(manifest: Manifest, photographs: Iterable[Photograph]) -> dict[str, str]:
    """Return the sha256 of each photograph's file -> its path; files that cannot be read are left out.

    Args:
        manifest: Where the photographs lie.
        photographs: Some of its photographs.
    """
    found = {}
    for photograph in photographs:
        try:
            found[sha256_of(manifest.file(photograph))] = photograph.path
        except OSError:
            continue  # aligning it says so
    return found


def check_apart(
    cohort: str,
    people: Collection[str],
    pictures: Mapping[str, str],
    tested: Manifest,
    photographs: Collection[Photograph],
    manifest: Manifest | None = None,
) -> None:
    """Check that nobody of a cohort is in a test: no name, no file, no picture, and nothing made from one of its files.

    Args:
        cohort: What the cohort is called in the error.
        people: Names of the people in it.
        pictures: Sha256 of its photographs -> path, see :func:`pictures_of`.
        tested: Manifest of the test.
        photographs: Photographs of the test.
        manifest: Photographs of the cohort; None if only their sha256 are known.

    Raises:
        InputError: Somebody of the cohort is in the test.
    """
    tested_people = {photograph.identity for photograph in photographs}
    if both := sorted({identity_of(person) for person in people} & tested_people):
        more = f" and {len(both) - _NAMED} more" if len(both) > _NAMED else ""
        raise InputError(
            f"{cohort} has people who are in the test: {', '.join(both[:_NAMED])}{more}; it must be of others only."
        )
    found = _same_source(manifest, tested, photographs) if manifest else None
    if not found and (same := pictures.keys() & (of_test := pictures_of(tested, photographs)).keys()):
        found = min((pictures[digest], of_test[digest]) for digest in same)
    if found:
        raise InputError(
            f"{cohort} has {found[0]}, which is the photograph {found[1]} of the test; take it out of one of them."
        )


def _same_source(cohort: Manifest, tested: Manifest, photographs: Iterable[Photograph]) -> tuple[str, str] | None:
    """The first photograph of a cohort that is, or was made from, a photograph of the test, and that; or None."""
    known = {place: photograph.path for photograph in photographs for place in _places(tested, photograph)}
    for photograph in cohort.photographs:
        for place in _places(cohort, photograph):
            if place in known:
                return photograph.path, known[place]
    return None


def _places(manifest: Manifest, photograph: Photograph) -> set[Path]:
    return {(manifest.root / name).resolve() for name in (photograph.path, photograph.source)}
