"""Training faces one by one: a face as it is at a visit, and which visits make up each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypedDict

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from fdemd.data.aligned import AlignedFaces
from fdemd.data.augmentation import Augmentation
from fdemd.data.manifest import Manifest
from fdemd.data.packed import PackedTexts
from fdemd.data.samplers import BatchSampler


class TrainingBatch(TypedDict):
    """A batch of augmented faces.

    Attributes:
        face: ``(B, 3, H, W)`` RGB, uint8 from the loader, float32 in [0, 1] once it is on its device.
        label: ``(B,)`` number of the person.
        row: ``(B,)`` row of the manifest.
    """

    face: Tensor
    label: Tensor
    row: Tensor


class TrainingDataset(Dataset[TrainingBatch]):
    """Augmented faces, indexed by ``(visit, row)``: the face of a manifest row as it is at that visit."""

    def __init__(
        self, faces: AlignedFaces, manifest: Manifest, labels: Mapping[str, int], augmentation: Augmentation
    ) -> None:
        """Take the faces.

        Args:
            faces: The aligned faces.
            manifest: Their photographs, whose names and people are all that is kept of them, see :class:`PackedTexts`.
            labels: Number of each person.
            augmentation: What happens to each face.
        """
        self._faces, self._augmentation = faces, augmentation
        self._paths = PackedTexts(photograph.path for photograph in manifest.photographs)
        self._labels = torch.tensor([labels[photograph.identity] for photograph in manifest.photographs])

    def __getitem__(self, index: tuple[int, int]) -> TrainingBatch:
        visit, row = index
        picture = self._augmentation(self._faces.face(row), visit, self._paths[row])
        return TrainingBatch(
            face=torch.from_numpy(picture).permute(2, 0, 1),
            label=self._labels[row],
            row=torch.tensor(row),
        )


class VisitSampler(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, manifest row), from wherever the training stands when they are asked for."""

    def __init__(self, batches: BatchSampler, rows: Tensor, done: Callable[[], int]) -> None:
        """Number the batches through.

        Args:
            batches: Batches of positions in ``rows``.
            rows: Manifest rows.
            done: Gives the number of batches trained on so far, over all epochs.
        """
        self.batches, self.rows, self.done = batches, rows, done

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, batches_done = divmod(self.done(), len(self.batches))
        self.batches.set_position(epoch, batches_done)
        for batch in self.batches:
            yield [(epoch, row) for row in self.rows[batch].tolist()]
