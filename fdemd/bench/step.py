"""Steps of training as ``train.py`` does them, in turn with a bare PyTorch loop of the same step."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median

import torch
from pytorch_lightning import LightningDataModule
from torch.nn.utils import clip_grad_norm_

from fdemd.backbones import create_backbone
from fdemd.bench.loading import endless_loader
from fdemd.data.training import TrainingDataModule
from fdemd.data.training_dataset import TrainingBatch
from fdemd.errors import InputError
from fdemd.jobs.finetune import feature_sizes
from fdemd.losses import build_criterion
from fdemd.runs.loggers import open_log
from fdemd.settings.jobs import Train
from fdemd.training.module import FinetuneModule
from fdemd.training.optimizers import build_optimizer
from fdemd.training.trainer import build_trainer

_AUTOCAST = {"32-true": None, "bf16-mixed": torch.bfloat16}
_WARM_UP = 3
_ROUNDS = 5
_TURNS = 20
"""A turn has as many steps as fit: a device works on while the processor goes on to the next step."""


@dataclass(frozen=True)
class StepSpeed:
    """Speed of a training step; speeds are medians over rounds.

    Attributes:
        model: Setting ``model.backbone``.
        precision: Setting ``trainer.precision``.
        device: ``cpu``, or the name of the graphics card.
        batch: Faces a step.
        people: Number of people to tell apart.
        images_per_second: Speed of the step of ``train.py``.
        bare_images_per_second: Speed of the bare loop.
        ratio: The former divided by the latter, the median over pairs of neighbouring turns; 1 is no loss.
        rounds: Turns of each.
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


def measure_step(settings: Train, data: TrainingDataModule, *, people: int, seconds: float) -> StepSpeed:
    """Train on one batch, over and over.

    Args:
        settings: Settings of ``train.py``.
        data: Faces to take the batch from.
        people: Number of people to tell apart, those of the data or more.
        seconds: Length of the measurement.

    Raises:
        InputError: a setting cannot be used.
    """
    precision, batch_size = settings.trainer.precision, data.batch_size
    if precision not in _AUTOCAST:
        raise InputError(f"The bare loop has trainer.precision={' and '.join(_AUTOCAST)}, not {precision}.")
    if people < len(data.people):
        raise InputError(f"--people is {people}, but the data have {len(data.people)}; it must be at least that.")
    module, batch = new_training(settings, people), next(iter(endless_loader(data, workers=0)))
    with (
        redirect_stdout(StringIO()),
        tempfile.TemporaryDirectory() as folder,
        open_log(settings.logger, Path(folder), "train", settings.plain()) as log,
    ):
        trainer = build_trainer(settings.trainer, log, validate_every=None)
        device = trainer.strategy.root_device
        bare = bare_step(copy.deepcopy(module).to(device), batch, settings)
        turns = Turns(data, batch, bare, device, seconds)
        trainer.fit(module, turns)
    return StepSpeed(
        model=settings.model.backbone,
        precision=precision,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        batch=batch_size,
        people=people,
        images_per_second=batch_size / median(ours for ours, _ in turns.rounds),
        bare_images_per_second=batch_size / median(theirs for _, theirs in turns.rounds),
        ratio=median(theirs / ours for ours, theirs in turns.rounds),
        rounds=len(turns.rounds),
    )


def new_training(settings: Train, people: int) -> FinetuneModule:
    """Build the module that ``train.py`` would train for so many people.

    Raises:
        InputError: a setting cannot be used.
    """
    torch.manual_seed(0)
    backbone = create_backbone(**settings.model.plain())
    embedding_size, map_size = feature_sizes(backbone)
    criterion = build_criterion(settings.loss, embedding_size=embedding_size, map_size=map_size, identities=people)
    return FinetuneModule(backbone, criterion, settings.optimizer, None, seed=0, fingerprint={}).train()


def bare_step(module: FinetuneModule, batch: TrainingBatch, settings: Train) -> Callable[[], None]:
    """Build the same step without Lightning, as one writes it by hand."""
    backbone, criterion, device = module.backbone, module.criterion, module.device
    optimizer = build_optimizer(module.optimizer, backbone, criterion)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    dtype, limit = _AUTOCAST[settings.trainer.precision], settings.trainer.gradient_clip_val

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
        rounds: Seconds a step of the training and of the bare loop, turn by turn.
        batches_an_epoch: Length of an epoch, for the schedule of the learning rate.
        manifest: Manifest that the faces of the batch come from.
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
        """Yield batches for as long as is measured."""
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
        """Return nothing: nobody is validated."""
        return []

    def _now(self) -> float:
        """Return the time once the device has done what it was given."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
