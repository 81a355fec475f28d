"""Batches from other processes: as many of these as shared memory holds the batches of, and the same bytes from any."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fdemd.data import loading
from fdemd.data.aligned import aligned_faces
from fdemd.data.batch import as_numbers
from fdemd.data.dataset import FaceDataset
from fdemd.data.loading import face_loader, workers_that_fit
from fdemd.data.sources import folder_manifest
from fdemd.faces.queries import QueryMaker

SIZE = (150, 150)
DOCKER = 64 * 2**20
"""Bytes of /dev/shm in a container that was not given more."""


def test_bytes_become_the_numbers_that_they_always_were() -> None:
    """The README's figures were made of ``picture.float() / 255``, face by face."""
    faces = torch.from_numpy(np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)).expand(2, 3, 16, 16)
    assert torch.equal(as_numbers(faces), torch.stack([face.float() / 255 for face in faces]))
    numbers = torch.rand(2, 3, 4, 4)
    assert as_numbers(numbers) is numbers


@pytest.mark.parametrize(
    ("wanted", "batch_size", "free", "fit"),
    [
        (2, 64, DOCKER, 2),  # python evaluate.py in a container: bytes fit, where floats did not
        (8, 64, DOCKER, 6),
        (8, 256, DOCKER, 0),
        (2, 64, 4096, 0),
        (2, 64, 0, 0),
        (0, 64, 0, 0),
        (3, 64, None, 3),  # a system without /dev/shm
        (16, 64, 24 * 2**30, 16),
    ],
)
def test_processes_are_as_many_as_fit(
    wanted: int, batch_size: int, free: int | None, fit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "free_shared_memory", lambda: free)
    assert workers_that_fit(wanted, batch_size, SIZE) == fit


def test_fewer_processes_are_told_with_what_to_do(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "free_shared_memory", lambda: DOCKER)
    workers_that_fit(8, 256, SIZE)
    assert caplog.messages == [
        "Faces are read by no extra processes instead of 8, which is slower: /dev/shm has 67.1 MB free, and 8 need "
        "313.6 MB; give a container more with --shm-size=1g, or choose a smaller data.batch_size."
    ]
    caplog.clear()
    workers_that_fit(2, 64, SIZE)
    assert not caplog.messages


def test_a_loader_falls_back_to_none(few_people: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = folder_manifest(str(few_people))
    faces = FaceDataset(
        aligned_faces(manifest, "dlib", SIZE, cache=cache, detector="dlib"),
        manifest,
        torch.arange(20),
        QueryMaker("clean", SIZE, 0),
    )
    expected = list(face_loader(faces, 6, 2))
    monkeypatch.setattr(loading, "free_shared_memory", lambda: 4096)
    loader = face_loader(faces, 6, 2)
    assert loader.num_workers == 0
    for one, other in zip(loader, expected, strict=True):
        assert one["face"].dtype == torch.uint8
        assert all(torch.equal(one[name], other[name]) for name in one)
