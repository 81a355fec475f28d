"""A run log in a folder, a training of a second, and a reader of what W&B wrote offline."""

import csv
import json
import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader
from wandb.proto.wandb_internal_pb2 import Record

from fdemd.data.manifest import Manifest, Photograph
from fdemd.runs.callbacks import training_callbacks
from fdemd.runs.loggers import RunLog, open_log
from fdemd.runs.quiet import quiet_lightning
from fdemd.settings.running import Logger

WANDB = {
    "kind": "wandb",
    "project": "tests",
    "entity": None,
    "group": None,
    "tags": [],
    "offline": False,
    "log_images": False,
}
"""As configs/logger/wandb.yaml."""


@dataclass
class OfflineRun:
    """What a .wandb file holds."""

    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    content: bytes = b""


@pytest.fixture
def offline_runs() -> Callable[[Path], list[OfflineRun]]:
    """Reads every W&B run below a folder."""
    return lambda folder: [_ended(path) for path in sorted(folder.rglob("*.wandb"))]


def _ended(path: Path) -> OfflineRun:
    """Read a run that was finished; W&B's process writes its last records a moment later."""
    for _ in range(300):
        try:
            if (run := _read(path)).exit_code is not None:
                return run
        except EOFError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{path} has no end")


def _read(path: Path) -> OfflineRun:
    """Read W&B's transaction log: LevelDB's format (blocks of 32 KiB, checked pieces) with its own records in it."""
    content, place, run, record = path.read_bytes(), 7, OfflineRun(), b""
    assert content[:4] == b":W&B"
    while place < len(content):
        if (left := 32768 - place % 32768) < 7:
            place += left
            continue
        checksum, length, piece = (
            int.from_bytes(content[place : place + 4], "little"),
            int.from_bytes(content[place + 4 : place + 6], "little"),
            content[place + 6],
        )
        data = content[place + 7 : place + 7 + length]
        if place + 7 + length > len(content):
            raise EOFError
        crc = zlib.crc32(content[place + 6 : place + 7 + length])
        assert checksum == crc, "the file is damaged"
        place += 7 + length
        record += data
        if piece in (1, 4):  # full, last
            _add(run, Record.FromString(record))
            record = b""
    run.content = content
    return run


def _add(run: OfflineRun, record: Record) -> None:
    if record.WhichOneof("record_type") == "run":
        run.config |= _values(record.run.config.update)
    elif record.WhichOneof("record_type") == "config":
        run.config |= _values(record.config.update)
    elif record.WhichOneof("record_type") == "history":
        run.history.append(_values(record.history.item))
    elif record.WhichOneof("record_type") == "summary":
        run.summary |= _values(record.summary.update)
    elif record.WhichOneof("record_type") == "exit":
        run.exit_code = record.exit.exit_code


def _values(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def faces_of(manifest: Manifest) -> list[dict[str, Tensor]]:
    """A face of noise a photograph, and who it is."""
    people = sorted({photograph.identity for photograph in manifest.photographs})
    return [
        {
            "face": torch.rand(3, 8, 8),
            "label": torch.tensor(people.index(photograph.identity)),
            "row": torch.tensor(row),
        }
        for row, photograph in enumerate(manifest.photographs)
    ]


class TinyData(LightningDataModule):
    """Noise with names: 4 people x 4 photographs in batches of 4, to train and to validate on."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = Manifest(
            Path(), tuple(Photograph(f"{name}/{i}.png", name, f"{name}/{i}.png") for name in "abcd" for i in range(4))
        )
        self.faces = faces_of(self.manifest)

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.faces, batch_size=4)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.faces, batch_size=4)


class TinyModule(LightningModule):
    """A linear network that logs as FinetuneModule does."""

    def __init__(self, fails_at: int = -1) -> None:
        super().__init__()
        self.layer, self.fails_at = nn.Linear(3 * 8 * 8, 4), fails_at

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        if self.global_step == self.fails_at:
            raise RuntimeError("the training broke")
        loss = nn.functional.cross_entropy(self.layer(batch["face"].flatten(1)), batch["label"])
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self.log("validation/MAP@R", 50.0, sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups = [{"params": [self.layer.weight], "name": "weights"}, {"params": [self.layer.bias], "name": "biases"}]
        return torch.optim.SGD(groups, lr=0.1)


@pytest.fixture
def tiny_data() -> TinyData:
    return TinyData()


@pytest.fixture
def tiny_module() -> type[TinyModule]:
    return TinyModule


RunLogs = Callable[..., AbstractContextManager[RunLog]]


@pytest.fixture
def run_log() -> RunLogs:
    """Opens the log of a run with some settings of W&B's logger changed."""
    record = {"seed": 0, "data": {"name": "orl"}}
    return lambda folder, job, **changes: open_log(Logger(**WANDB | changes), folder, job, record)


SETTINGS = {
    "accelerator": "cpu",
    "max_epochs": 2,
    "log_every_n_steps": 1,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}


@pytest.fixture
def train(run_log: RunLogs, tmp_path: Path, tiny_data, tiny_module) -> Callable[..., RunLog]:
    """Trains 2 epochs of 4 steps with the callbacks of every training, and these."""

    def call(*callbacks: Callback, kind: str = "csv", fails_at: int = -1, **trainer: Any) -> RunLog:
        quiet_lightning()
        with run_log(tmp_path, "train", kind=kind) as log:
            run = Trainer(
                logger=log.loggers,
                callbacks=[*training_callbacks(log), *callbacks],
                **SETTINGS | trainer,
            )
            run.fit(tiny_module(fails_at), tiny_data)
        return log

    return call


def column(log: RunLog, name: str) -> list[float]:
    rows = csv.DictReader((log.folder / "metrics.csv").open())
    return [float(row[name]) for row in rows if row[name]]
