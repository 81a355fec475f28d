"""Queries of one set are joined to the gallery of another, and each knows its twin there."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_prep.galleries import join_gallery, read_gallery
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import write_manifest
from fdemd.errors import InputError


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A prepared set of two faces and a query that is not of the gallery."""
    root = tmp_path / "lfw"
    rows = []
    for path, is_gallery in (("faces/Ann/Ann_0001.png", True), ("faces/Bob/Bob_0001.png", True), ("q.png", False)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
        rows.append(Photograph(path, path.split("/")[-1][:3], path, "", True, is_gallery, "dlib"))
    write_manifest(Manifest(root, tuple(rows)), root / "manifest.csv")
    return root / "manifest.csv"


def test_the_gallery_is_linked_and_the_twin_of_a_query_is_its_source(manifest: Path, tmp_path: Path) -> None:
    gallery = read_gallery(manifest, "dlib")
    queries = [
        Photograph("faces/Ann/Ann_0001.png", "Ann", "Ann/Ann_0001", "", True, True, "dlib"),
        Photograph("faces/Eve/Eve_0001.png", "Eve", "Eve/Eve_0001", "", True, True, "dlib"),
    ]
    rows = join_gallery(queries, gallery, tmp_path / "out")
    assert [(row.path, row.source, row.is_query, row.is_gallery) for row in rows] == [
        ("gallery/faces/Ann/Ann_0001.png", "gallery/faces/Ann/Ann_0001.png", False, True),
        ("gallery/faces/Bob/Bob_0001.png", "gallery/faces/Bob/Bob_0001.png", False, True),
        ("faces/Ann/Ann_0001.png", "gallery/faces/Ann/Ann_0001.png", True, False),
        ("faces/Eve/Eve_0001.png", "faces/Eve/Eve_0001.png", True, False),
    ]
    assert (tmp_path / "out" / rows[0].path).read_bytes() == b"faces/Ann/Ann_0001.png"


def test_a_gallery_of_another_template_is_refused(manifest: Path) -> None:
    with pytest.raises(InputError, match="follow the template dlib, not insightface; prepare both sets"):
        read_gallery(manifest, "insightface")


def test_a_manifest_of_queries_is_no_gallery(manifest: Path) -> None:
    queries = [Photograph("q.png", name, "q.png", "", True, False, "dlib") for name in ("Ann", "Bob")]
    queries[1] = replace(queries[1], path="faces/Bob/Bob_0001.png", source="faces/Bob/Bob_0001.png")
    write_manifest(Manifest(manifest.parent, tuple(queries)), manifest)
    with pytest.raises(InputError, match="has no photograph of a gallery"):
        read_gallery(manifest, "dlib")
