"""``python -m data_prep verify``: does a manifest agree with its files?"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from data_prep.overlaps import plain_name
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest
from fdemd.faces.alignment import TEMPLATES
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.runs.steady_progress import track


def verify(path: Path) -> tuple[Manifest, list[str]]:
    """Check every file and every row of a manifest.

    Returns:
        The manifest, and one sentence for each problem.

    Raises:
        InputError: The manifest itself cannot be read.
    """
    manifest = read_manifest(path)
    return manifest, [*_files(manifest), *_sources(manifest.photographs), *_labels(manifest.photographs)]


def _files(manifest: Manifest) -> Iterator[str]:
    """Yield the problems of files: missing, damaged, not of their template, or of another size than the other faces."""
    sizes: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        shapes = pool.map(lambda row: _shape(manifest.file(row)), manifest.photographs)
        for row, shape in zip(track(manifest.photographs, "Looking at files"), shapes, strict=True):
            if isinstance(shape, str):
                yield f"{row.path}: {shape}."
            elif row.aligned and row.aligned not in TEMPLATES:
                yield f"{row.path}: there is no template {row.aligned!r}; choose one of {', '.join(sorted(TEMPLATES))}."
            elif row.aligned:
                sizes[row.aligned][shape] += 1
                height, width = TEMPLATES[row.aligned].frame
                if shape[0] * width != shape[1] * height:
                    yield (
                        f"{row.path}: {shape[0]}x{shape[1]} pixels (height x width) are not of the proportions of the "
                        f"template {row.aligned} ({height}x{width})."
                    )
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C waits for no more files
    for template, found in sizes.items():
        if len(found) > 1:
            listed = ", ".join(f"{count} of {height}x{width}" for (height, width), count in found.most_common())
            yield f"The faces of the template {template} have several sizes: {listed}."


def _shape(file: Path) -> tuple[int, int] | str:
    """Return height and width, or what is wrong with the file."""
    try:
        height, width = read_image(file).shape[:2]
    except UnreadableImageError as error:
        return str(error)
    return height, width


def _sources(photographs: Sequence[Photograph]) -> Iterator[str]:
    """Twins: a source must be a row of the manifest, an original, and show the same person."""
    rows = {row.path: row for row in photographs}
    for row in photographs:
        twin = rows.get(row.source)
        if twin is None:
            yield f"{row.path}: its source {row.source} is not in the manifest."
        elif twin.identity != row.identity:
            yield f"{row.path} shows {row.identity}, but its source {row.source} shows {twin.identity}."
        elif twin.source != twin.path:
            yield f"{row.path}: its source {row.source} is no original itself."


def _labels(photographs: Sequence[Photograph]) -> Iterator[str]:
    """Names that are one person's in two spellings, people in several splits, rows that are of no use."""
    splits: dict[str, set[str]] = defaultdict(set)
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in photographs:
        splits[row.identity].add(row.split)
        spellings[plain_name(row.identity)].add(row.identity)
        if not row.is_query and not row.is_gallery and not row.split:
            yield f"{row.path} is neither query nor gallery, and in no split."
    for names in spellings.values():
        if len(names) > 1:
            yield f"One person or several? The names {', '.join(sorted(names))} differ in spelling only."
    for identity, of_one in splits.items():
        if len(of_one) > 1:
            listed = ", ".join(repr(split) for split in sorted(of_one))
            yield f"{identity} is in the splits {listed}; a person must be in one only."
