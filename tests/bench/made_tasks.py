"""Tasks of random features."""

import torch

from fdemd.bench.emd_contenders import Task
from fdemd.bench.emd_faces import nearest
from fdemd.features import Features


def made_up(count: int = 12) -> Features:
    patches = torch.rand(count, 9, 16, generator=torch.Generator().manual_seed(0))
    return Features(patches.flatten(1), patches, (3, 3))


def task() -> Task:
    faces = made_up()
    return Task(faces, faces, nearest(faces.centre, slice(None), 5))
