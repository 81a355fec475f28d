"""Batches of faces from other processes, as many of these as shared memory holds the batches of."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from rich.filesize import decimal
from torch.utils.data import DataLoader

from fdemd.data.batch import FaceBatch
from fdemd.data.dataset import FaceDataset
from fdemd.data.workers import worker_init

_SHARED = Path("/dev/shm")
"""Where a process leaves a batch for another one; 64 MB in a container of Docker's, unless it is told otherwise."""
_PREFETCH = 2
"""Batches that a worker makes ahead, PyTorch's default."""
_BESIDE = 68 * 2 * 4 + 16
"""Bytes of a face's landmarks and numbers."""


def free_shared_memory() -> int | None:
    """Return the bytes that processes can still share; None where the system does not say."""
    try:
        return shutil.disk_usage(_SHARED).free
    except OSError:
        return None


def face_loader(
    faces: FaceDataset,
    batch_size: int,
    num_workers: int,
    others: int = 0,
) -> DataLoader[FaceBatch]:
    """Return a loader of every face once, in order.

    Args:
        faces: Faces to load.
        batch_size: Number of faces in a batch.
        num_workers: Largest number of processes that make them.
        others: Number of faces in a batch of loaders that run at the same time with as many processes.
    """
    size = (faces.faces.images.shape[1], faces.faces.images.shape[2])
    workers = workers_that_fit(num_workers, min(batch_size, len(faces)) + others, size)
    return DataLoader(faces, batch_size, num_workers=workers, worker_init_fn=worker_init)


def workers_that_fit(
    wanted: int, faces: int, size: tuple[int, int], *, otherwise: str = ", or choose a smaller data.batch_size"
) -> int:
    """Return the number of processes to load with: those wanted, or fewer if shared memory is too small.

    A process that finds it full is killed by the system, and takes the run with it. Fewer processes are told in a
    warning.

    Args:
        wanted: Number of processes asked for.
        faces: Number of faces in a batch.
        size: Size ``(height, width)`` of a face, three bytes a pixel.
        otherwise: What a person can do where there is no more shared memory, as the end of the warning.
    """
    left = free_shared_memory() if wanted else None
    if left is None:
        return wanted
    batch = faces * (3 * size[0] * size[1] + _BESIDE)

    def need(workers: int) -> int:
        return (_PREFETCH * workers + 2) * batch if workers else 0  # two more: one in use, one on its way

    fit = next(workers for workers in range(wanted, -1, -1) if need(workers) <= left)
    if fit < wanted:
        logging.getLogger(__name__).warning(
            f"Faces are read by {fit or 'no'} extra process{'' if fit == 1 else 'es'} instead of {wanted}, which is "
            f"slower: {_SHARED} has {decimal(left)} free, and {wanted} need {decimal(need(wanted))}; give a container "
            f"more with --shm-size=1g{otherwise}."
        )
    return fit
