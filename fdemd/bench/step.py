"""Steps of training as ``train.py`` does them, in turn with a bare PyTorch loop of the same step."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from torch.nn.utils import clip_grad_norm_

from fdemd.backbones import create_backbone
from fdemd.bench.loading import endless_loader
from fdemd.data.training import TrainingBatch, TrainingDataModule
from fdemd.errors import InputError
from fdemd.losses import build_criterion
from fdemd.runs.loggers import open_log
from fdemd.training.module import FinetuneModule
from fdemd.training.optimizers import OptimizerSettings, build_optimizer
from fdemd.training.trainer import build_trainer

_AUTOCAST = {"32-true": None, "bf16-mixed": torch.bfloat16}
_WARM_UP = 3
_ROUNDS = 5
_TURNS = 20
"""A turn has as many steps as fit: a device works on while the processor goes on to the next step."""


@dataclass(frozen=True)
class StepSpeed:
    """What was measured of one training: medians over rounds.

    Attributes:
        model: the setting ``model.backbone``.
        precision: the setting ``trainer.precision``.
        device: ``cpu`` or the name of the card.
        batch: faces a step.
        people: to tell apart.
        images_per_second: of ``train.py``'s step.
        bare_images_per_second: of the bare loop's.
        ratio: ours by the bare loop's, the median over pairs of neighbouring turns; 1 is no loss.
        rounds: turns of each.
    """

    model: str
    precision: str
    device: str
    batch: int
    people: int
    images_per_second: float
    bare_images_per_second: float
    ratio: float
    rounds: int


def measure_step(config: Mapping[str, Any], data: TrainingDataModule, *, people: int, seconds: float) -> StepSpeed:
    """Train on one batch, over and over.

    Args:
        config: of ``train.py``.
        data: to take the batch from.
        people: to tell apart, those of the data or more.
        seconds: to go on for.

    Raises:
        InputError: a setting cannot be used.
    """
    precision, batch_size = config["trainer"]["precision"], data.batch_size
    if precision not in _AUTOCAST:
        raise InputError(f"The bare loop has trainer.precision={' and '.join(_AUTOCAST)}, not {precision}.")
    if people < len(data.people):
        raise InputError(f"--people is {people}, but the data have {len(data.people)}; it must be at least that.")
    module, batch = new_training(config, people), next(iter(endless_loader(data, workers=0)))
    with (
        redirect_stdout(StringIO()),
        tempfile.TemporaryDirectory() as folder,
        open_log(config, Path(folder), "train") as log,
    ):
        trainer = build_trainer(config, log, validated=False)
        device = trainer.strategy.root_device
        bare = bare_step(copy.deepcopy(module).to(device), batch, config)
        turns = Turns(data, batch, bare, device, seconds)
        trainer.fit(module, turns)
    return StepSpeed(
        model=config["model"]["backbone"],
        precision=precision,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        batch=batch_size,
        people=people,
        images_per_second=batch_size / median(ours for ours, _ in turns.rounds),
        bare_images_per_second=batch_size / median(theirs for _, theirs in turns.rounds),
        ratio=median(theirs / ours for ours, theirs in turns.rounds),
        rounds=len(turns.rounds),
    )


def new_training(config: Mapping[str, Any], people: int) -> FinetuneModule:
    """What ``train.py`` would train for so many people.

    Raises:
        InputError: a setting cannot be used.
    """
    torch.manual_seed(0)
    backbone = create_backbone(**config["model"])
    with torch.no_grad():
        blank = backbone(torch.zeros(1, 3, *backbone.face_size))
    sizes = {"embedding_size": blank.embedding.shape[1], "map_size": blank.patches[0].numel()}
    criterion = build_criterion(**config["loss"] | sizes, identities=people)
    optimizer = OptimizerSettings(**config["optimizer"])
    return FinetuneModule(backbone, criterion, optimizer, None, seed=0, facts={}).train()


def bare_step(module: FinetuneModule, batch: TrainingBatch, config: Mapping[str, Any]) -> Callable[[], None]:
    """The same step without Lightning, as one writes it by hand."""
    backbone, criterion, device = module.backbone, module.criterion, module.device
    optimizer = build_optimizer(module.optimizer, backbone, criterion)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    dtype, limit = _AUTOCAST[config["trainer"]["precision"]], config["trainer"]["gradient_clip_val"]

    def step() -> None:
        faces, labels = batch["face"].to(device).float() / 255, batch["label"].to(device)
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            loss, _ = criterion(backbone(faces), labels)
        optimizer.zero_grad()
        loss.backward()
        if limit:
            clip_grad_norm_(parameters, limit)
        optimizer.step()

    return step


class Turns(LightningDataModule):
    """Data of a training that, between its own steps, lets those of the bare loop run, and times both.

    Attributes:
        rounds: seconds a step of the training and of the bare loop, turn by turn.
        batches_an_epoch: what the schedule of the learning rate is for.
        manifest: where the faces of the batch come from.
    """

    batches_an_epoch = 1000
    on_after_batch_transfer = TrainingDataModule.on_after_batch_transfer

    def __init__(
        self,
        data: TrainingDataModule,
        batch: TrainingBatch,
        bare: Callable[[], None],
        device: torch.device,
        seconds: float,
    ) -> None:
        super().__init__()
        self.rounds: list[tuple[float, float]] = []
        self.manifest = data.manifest
        self._batch, self._bare, self._device, self._seconds = batch, bare, device, seconds

    def train_dataloader(self) -> Iterator[TrainingBatch]:
        """Batches for as long as is measured."""
        for _ in range(_WARM_UP):
            yield self._batch
            started = self._now()
            self._bare()
            passed = self._now() - started
        steps = max(1, round(self._seconds / _TURNS / passed))
        started = self._now()
        while len(self.rounds) < _ROUNDS or self._now() - started < self._seconds:
            # Between being asked for a batch and for the next one, the training has done a step.
            times = [self._now()]
            for _ in range(steps):
                yield self._batch
            times.append(self._now())
            for _ in range(steps):
                self._bare()
            times.append(self._now())
            self.rounds.append(((times[1] - times[0]) / steps, (times[2] - times[1]) / steps))

    def val_dataloader(self) -> list[TrainingBatch]:
        """Nobody is held out."""
        return []

    def _now(self) -> float:
        """The time once the device has done what it was given."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
