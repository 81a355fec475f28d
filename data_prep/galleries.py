"""Joining the queries of one set and the gallery of another to one manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from data_prep.files import link
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest
from fdemd.errors import InputError

GALLERY = "gallery"


def read_gallery(path: Path, template: str) -> Manifest:
    """Read the gallery of a prepared set.

    Raises:
        InputError: The manifest cannot be read, has no gallery, or its faces follow another template.
    """
    manifest = read_manifest(path)
    photographs = tuple(photograph for photograph in manifest.photographs if photograph.is_gallery)
    if not photographs:
        raise InputError(f"{path} has no photograph of a gallery; name the manifest of a whole set with --gallery.")
    for photograph in photographs:
        if photograph.aligned != template:
            raise InputError(
                f"The faces of {path} follow the template {photograph.aligned or '(none: not prepared)'}, not "
                f"{template}; prepare both sets with the same --template."
            )
    return Manifest(manifest.root, photographs)


def join_gallery(queries: Sequence[Photograph], gallery: Manifest, out: Path) -> list[Photograph]:
    """Link or copy the faces of a gallery to ``out/gallery``, and return the rows of queries and gallery.

    The source of a query becomes the gallery's photograph of the same name, if there is one: its twin.

    Args:
        queries: The prepared photographs of a set that has no gallery of its own; ``source`` is the name of the
            photograph each was made from, or its own path.
        gallery: The gallery, see :func:`read_gallery`.
        out: Folder of the queries.

    Raises:
        InputError: A face of the gallery cannot be read or linked.
    """
    rows: list[Photograph] = []
    twins: dict[str, str] = {}
    for photograph in gallery.photographs:
        path = f"{GALLERY}/{photograph.path}"
        link(gallery.file(photograph), out / path)
        rows.append(replace(photograph, path=path, source=f"{GALLERY}/{photograph.source}", is_query=False))
        twins[PurePosixPath(photograph.path).stem] = path
    return rows + [
        replace(query, source=twins.get(PurePosixPath(query.source).name, query.path), is_gallery=False)
        for query in queries
    ]
