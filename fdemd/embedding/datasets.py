"""Data sets -> features, each face once: by the network, or by an earlier run that stored them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.backbones.soundness import check_sound_on
from fdemd.cache.features import TENSORS, FeatureStore, StoreWriter
from fdemd.data.batch import FaceBatch, as_numbers
from fdemd.data.dataset import FaceDataset
from fdemd.data.loading import face_loader
from fdemd.embedding.batch import embed_batch
from fdemd.features import Features
from fdemd.files.text import to_printable

COMPUTED, STORED = "computed", "stored"
"""Where features come from: the network now, or an earlier run."""


@dataclass(frozen=True)
class EmbeddedFaces:
    """Features of some rows of a manifest.

    Attributes:
        features: Features of ``B`` faces, on the CPU.
        rows: Rows of the manifest that they are of, ``(B,)``.
        origin: ``COMPUTED`` now, or ``STORED`` by an earlier run.
        name: Name of the entry that stores them; empty without a store.
    """

    features: Features
    rows: Tensor
    origin: str = COMPUTED
    name: str = ""

    def at(self, rows: Tensor) -> Features:
        """Return the features of some of the rows; a view if they stand together in the order asked for.

        Args:
            rows: Rows of the manifest ``(n,)``, in any order.

        Raises:
            ValueError: A row was not embedded.
        """
        order = self.rows.argsort()
        places = order[torch.searchsorted(self.rows[order], rows).clamp_max(len(order) - 1)]
        if not torch.equal(self.rows[places], rows):
            raise ValueError("Some of these rows were not embedded.")
        first = int(places[0]) if len(places) else 0
        together = torch.equal(places, torch.arange(first, first + len(places)))
        return self.features[slice(first, first + len(places)) if together else places]


def embed_datasets(
    backbone: Backbone,
    faces: Mapping[str, FaceDataset],
    trainer: Trainer,
    *,
    batch_size: int,
    num_workers: int = 0,
    dtype: torch.dtype = torch.float32,
    store: FeatureStore | None = None,
) -> dict[str, EmbeddedFaces]:
    """Embed every face of some data sets; with a store, only what it lacks is computed.

    Without a store, with an empty one and from a full one, the features are the same.

    Args:
        backbone: The network, as it is; nothing is trained.
        faces: Kind of query -> its faces.
        trainer: Trainer of one process, which runs the network.
        batch_size: Number of faces in a batch.
        num_workers: Number of processes that read and occlude.
        dtype: Precision in which the patches are kept; embeddings stay in float32.
        store: Store of this network's features; None keeps them in memory.

    Returns:
        Kind of query -> its features.

    Raises:
        InputError: The network gave something that is not a finite number, or patches that ``dtype`` cannot hold, or
            the store cannot be written.
    """
    keys = _keys(backbone, faces, trainer, dtype) if store else {}
    known = {kind: found for kind, key in keys.items() if store and (found := store.read(key))}
    missing = {kind: each for kind, each in faces.items() if kind not in known}
    if store:
        _print_origins(store, known, missing)
    with ExitStack() as stack:
        sinks = {
            kind: stack.enter_context(store.writer(keys[kind], len(each))) if store else _Memory(len(each))
            for kind, each in missing.items()
        }
        if missing:
            loaders = [face_loader(each, batch_size, num_workers) for each in missing.values()]
            trainer.test(EmbeddingModule(backbone, list(sinks.values()), dtype), loaders, verbose=False)
        features = known | {kind: sink.features() for kind, sink in sinks.items()}
    return {
        kind: EmbeddedFaces(
            features[kind],
            each.rows,
            STORED if kind in known else COMPUTED,
            store.name(keys[kind]) if store else "",
        )
        for kind, each in faces.items()
    }


class EmbeddingModule(LightningModule):
    """Hands the features of each test loader to a sink of its own."""

    def __init__(self, backbone: Backbone, sinks: Sequence[StoreWriter | _Memory], dtype: torch.dtype) -> None:
        super().__init__()
        self.backbone, self.sinks, self.patch_dtype = backbone, sinks, dtype

    def on_before_batch_transfer(self, batch: FaceBatch, dataloader_idx: int) -> FaceBatch:
        """Bytes become numbers on the CPU: a GPU divides by a constant with another rounding."""
        batch["face"] = self.trainer.precision_plugin.convert_input(as_numbers(batch["face"]))
        return batch

    def test_step(self, batch: FaceBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Embed a batch."""
        if batch_idx == 0:
            check_sound_on(self.backbone, batch["face"])
        # The labels are on the CPU, and the ranking is done there.
        self.sinks[dataloader_idx].append(embed_batch(self.backbone, batch, self.patch_dtype).to("cpu"))


class _Memory:
    """Collects the features of a known number of faces in memory that is taken once."""

    def __init__(self, faces: int) -> None:
        self._faces, self._filled = faces, 0
        self._tensors: dict[str, Tensor] = {}
        self._grid = (0, 0)

    def append(self, features: Features) -> None:
        """Add a batch."""
        end = self._filled + len(features)
        for name in TENSORS:
            part = getattr(features, name)
            if name not in self._tensors:
                self._tensors[name] = part.new_empty(self._faces, *part.shape[1:])
            self._tensors[name][self._filled : end] = part
        self._filled, self._grid = end, features.grid

    def features(self) -> Features:
        """All faces, once every batch was added."""
        return Features(**self._tensors, grid=self._grid)


def _keys(
    backbone: Backbone, faces: Mapping[str, FaceDataset], trainer: Trainer, dtype: torch.dtype
) -> dict[str, dict[str, Any]]:
    """What decides the features of each kind, beside the network's settings; batches and workers do not.

    The weights are known by content, so that untrained and trained-on networks are told apart as well.
    """
    shared = {"weights": backbone.fingerprint(), "trainer": trainer.precision, "dtype": str(dtype)}
    return {kind: {**shared, **each.identity} for kind, each in faces.items()}


def _print_origins(store: FeatureStore, known: Iterable[str], missing: Iterable[str]) -> None:
    origins = ((known, "from an earlier run"), (missing, "to be computed"))
    listed = "; ".join(f"{', '.join(kinds)} {origin}" for kinds, origin in origins if kinds)
    print(to_printable(f"Features in {store.folder}: {listed}."), flush=True)
