"""Other packages, as far as they are there."""

import sys
from types import ModuleType

import numpy as np
import pytest

from fdemd.bench import gallery_rivals
from fdemd.bench.gallery_rivals import face_recognition, numpy_search
from fdemd.data.sources import orl_manifest


def test_a_search_is_timed_for_each_query() -> None:
    faces = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    times = numpy_search(faces, faces[:7])
    assert len(times) == 7 and min(times) > 0
    assert len(numpy_search(faces[:3], faces[:2])) == 2  # fewer faces than are asked for


def test_a_package_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_rivals, "find_spec", lambda name: None)
    assert face_recognition([b""], 5) == "face_recognition was left out: pip install face_recognition"


def test_a_package_that_is_there_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("face_recognition")
    package.face_encodings = lambda image: [np.zeros(128)]  # type: ignore[attr-defined]
    package.face_distance = lambda known, face: np.linalg.norm(known - face, axis=1)  # type: ignore[attr-defined]
    monkeypatch.setattr(gallery_rivals, "find_spec", lambda name: package)
    monkeypatch.setitem(sys.modules, "face_recognition", package)
    content = (orl_manifest().root / "s1/1.pgm").read_bytes()
    assert len(face_recognition([content] * 3, 5)) == 3
