"""Photographs that are read elsewhere are enrolled as if they had been read here."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.gallery.command import main
from fdemd.gallery.database import Database
from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.schema import Patches, Person, Photograph
from tests.gallery.made_gallery import MadeReader, photograph
from tests.ray_processes import one_is_killed

ray = pytest.importorskip("ray")
reading = pytest.importorskip("fdemd.gallery.cluster.reading")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("keep", ["bytes", "path"])
def test_what_is_new_is_read_and_the_rest_left_to_whoever_enrols(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    pin = replace(gallery.pin, keep=keep)
    monkeypatch.setattr(reading, "open_pinned", lambda *words, **options: (MadeReader(), pin))
    paths = [tmp_path / name for name in ("known", "new", "broken", "missing")]
    for path, content in zip(paths, (photograph("Ann"), photograph("Ann", shot=2), b"no image"), strict=False):
        path.write_bytes(content)
    gallery.enrol("Ann", paths[0])
    read = reading.Reading(gallery.database.where)
    seen = [read(("Ann", path)) for path in paths]
    assert [each is None for each in seen] == [True, False, True, True]
    assert seen[1] is not None and seen[1].content == (photograph("Ann", shot=2) if keep == "bytes" else b"")
    found = gallery.enrol("Ann", [paths[0], seen[1], *paths[2:]])
    assert [each.status for each in found] == ["known", "enrolled", "refused", "refused"]
    assert gallery.enrol("Ann", seen[1])[0].status == "known"
    assert isinstance(seen[1], SeenPhotograph)


def rows_of(where: Path) -> list[tuple[object, ...]]:
    database = Database(where, create=False)
    columns = (
        Person.name,
        Photograph.path,
        Photograph.sha256,
        Photograph.embedding,
        Photograph.thumbnail,
        Patches.data,
    )
    query = select(*columns).join(Photograph, Photograph.person_id == Person.id).join(Patches)
    with database.read() as session:
        found = [tuple(row) for row in session.execute(query.order_by(Photograph.id))]
    database.close()
    return found


@pytest.mark.slow
def test_enrolling_on_ray_is_enrolling_also_if_a_process_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the processes of the cluster import fdemd
    root = orl_manifest().root
    for person in range(1, 9):
        (tmp_path / f"people/s{person}").mkdir(parents=True)
        for shot in range(1, 9):
            shutil.copy(root / f"s{person}/{shot}.pgm", tmp_path / f"people/s{person}")
    words = ["enrol", str(tmp_path / "people"), "--backbone", "dlib", "--force", "--gallery"]
    assert main([*words, str(tmp_path / "here.db")]) == 0

    with ray.init("local", num_cpus=2, namespace="fdemd", include_dashboard=False, log_to_driver=False):
        with one_is_killed("MapWorker", lambda: _rows(tmp_path / "there.db")):
            assert main([*words, str(tmp_path / "there.db"), "--ray", "auto"]) == 0
        assert main([*words, str(tmp_path / "there.db"), "--ray", "auto"]) == 0, "all are known already"
    there, here = (rows_of(tmp_path / name) for name in ("there.db", "here.db"))
    assert [(*row[:3], *row[4:]) for row in there] == [(*row[:3], *row[4:]) for row in here]
    # A process of the cluster has one thread; a sum that is split over more is rounded otherwise.
    embeddings = [np.frombuffer(b"".join(bytes(row[3]) for row in rows), np.float32) for rows in (there, here)]
    np.testing.assert_allclose(*embeddings, atol=1e-6)


def _rows(where: Path) -> int:
    try:
        return len(rows_of(where))
    except InputError:  # it is being made
        return 0
