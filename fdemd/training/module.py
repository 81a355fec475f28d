"""The LightningModule that trains a network: everything about a step, nothing about the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, optim
from torch.optim.lr_scheduler import LambdaLR

from fdemd.backbones import Backbone
from fdemd.checkpoints.training_state import RUN
from fdemd.data.batch import FaceBatch, as_numbers
from fdemd.data.training import TrainingDataModule
from fdemd.data.training_dataset import TrainingBatch
from fdemd.embedding.batch import embed_batch
from fdemd.errors import InputError
from fdemd.losses import Criterion, ScaleFaceCriterion
from fdemd.settings.training import Optimizer
from fdemd.training.fingerprint import check_same_run
from fdemd.training.optimizers import build_optimizer, learning_rate_factor
from fdemd.training.validation import IdentificationMetric


class FinetuneModule(LightningModule):
    """Trains a backbone and the class weights of a margin loss, and validates on people kept apart.

    All randomness of a step (dropout) comes from the seed, the step and the process, so that a resumed run needs no
    state of any generator.
    """

    def __init__(
        self,
        backbone: Backbone,
        criterion: Criterion,
        optimizer: Optimizer,
        validation: IdentificationMetric | None,
        *,
        seed: int,
        fingerprint: Mapping[str, Any],
    ) -> None:
        """Put a training together.

        Args:
            backbone: Network to train, all of it that requires gradients, unless the criterion leaves it as it is.
            criterion: Criterion to minimise.
            optimizer: Section ``optimizer`` of the settings.
            validation: Metric of the people kept for validation; None leaves validation out.
            seed: Seed of the run.
            fingerprint: Plain values that a checkpoint carries, see :mod:`fdemd.training.fingerprint`.
        """
        super().__init__()
        self.backbone, self.criterion = backbone, criterion
        self.optimizer, self.validation = optimizer, validation
        self.seed, self.fingerprint = seed, fingerprint
        self._unchecked: tuple[Tensor, Tensor] | None = None
        if not criterion.trains_backbone:
            backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> FinetuneModule:
        """Switch to training mode; a frozen network stays in evaluation mode, without batch statistics and dropout."""
        super().train(mode)
        if not self.criterion.trains_backbone:
            self.backbone.eval()
        return self

    def on_fit_start(self) -> None:
        """Take the centres of ScaleFace from the network's own embeddings, unless a resumed run brings them along."""
        if isinstance(self.criterion, ScaleFaceCriterion) and self.trainer.ckpt_path is None:
            data: TrainingDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
            self.backbone.eval()
            self.criterion.set_centres(*self._embedded_people(data))
            self.train()

    @torch.no_grad()
    def _embedded_people(self, data: TrainingDataModule) -> tuple[Tensor, Tensor]:
        """Embed every training face as it was photographed; return embeddings ``(B, D)`` and labels ``(B,)``."""
        parts = [
            (
                self.backbone(as_numbers(batch["face"]).to(self.device)).embedding,
                data.labels_of(batch["row"]).to(self.device),
            )
            for batch in data.photographed_loader()
        ]
        embedding, labels = zip(*parts, strict=True)
        return torch.cat(embedding), torch.cat(labels)

    def training_step(self, batch: TrainingBatch, batch_idx: int) -> Tensor:
        """Compute the loss of a batch; log it and the accuracy.

        Raises:
            InputError: the loss of the batch before was not a finite number.
        """
        self._check_last_loss()
        torch.manual_seed(_step_seed(self.seed, self.trainer.fit_loop.total_batch_idx, self.global_rank))
        features = self.backbone(batch["face"])
        loss, logits = self.criterion(features, batch["label"])
        accuracy = (logits.argmax(1) == batch["label"]).float().mean()
        self.log("train/loss", loss, prog_bar=True, sync_dist=True)
        self.log("train/accuracy", 100 * accuracy, prog_bar=True, sync_dist=True)
        for name, value in self.criterion.figures.items():
            self.log(f"train/{name}", value, sync_dist=True)
        # Looked at one step later: waiting for it now would leave the device idle while the next step is prepared.
        self._unchecked = loss.detach(), batch["row"]
        return loss

    def on_train_epoch_end(self) -> None:
        """Check the loss of the epoch's last batch."""
        self._check_last_loss()

    def on_validation_start(self) -> None:
        """Do not validate weights that are not numbers."""
        self._check_last_loss()
        assert self.validation is not None
        # What several processes exchange has to stay on the device.
        self.validation.compute_on_cpu = self.trainer.world_size == 1

    def validation_step(self, batch: FaceBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Embed a batch."""
        assert self.validation is not None
        self.validation.update(dataloader_idx, batch["row"], embed_batch(self.backbone, batch))

    def on_validation_epoch_end(self) -> None:
        """Identify the people of the validation, and log the figures."""
        assert self.validation is not None
        self.log_dict(self.validation.compute(), sync_dist=True)  # the same in every process
        self.validation.reset()

    def new_optimizer(self) -> optim.Optimizer:
        """Build an optimizer that has not made a step yet."""
        frozen = not self.criterion.trains_backbone
        return build_optimizer(self.optimizer, self.backbone, self.criterion, frozen=frozen)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Build the optimizer and the schedule of its learning rate, which changes every step."""
        optimizer = self.new_optimizer()
        data: TrainingDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        steps_an_epoch = math.ceil(data.batches_an_epoch / self.trainer.accumulate_grad_batches)
        limits = (self.trainer.max_steps, (self.trainer.max_epochs or -1) * steps_an_epoch)
        steps = min(limit for limit in limits if limit >= 0)
        schedule = LambdaLR(optimizer, learning_rate_factor(self.optimizer, steps, steps_an_epoch))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the fingerprint of the run, once it is certain that the weights are numbers."""
        self._check_last_loss()
        # The optimizer has no state for a parameter that has no part in the loss.
        remembered = len(checkpoint["optimizer_states"][0]["state"])
        of_now = {"device": device_of(self.trainer), "remembered": remembered}
        checkpoint[RUN] = {**self.fingerprint, **self._photographs(), **of_now}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Check that the run goes on with the photographs it was started with.

        Raises:
            InputError: they are others.
        """
        check_same_run(checkpoint[RUN], self._photographs(), self.trainer.default_root_dir)

    def _photographs(self) -> dict[str, str]:
        """Return the sha256 of the faces to train on and of those to validate with."""
        data: TrainingDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        validation = data.validation.faces.digest if data.validation else ""
        return {"photographs": data.faces.digest, "photographs held out": validation}

    def _check_last_loss(self) -> None:
        """Raise InputError if the last batch's loss was not finite, naming its photographs."""
        if self._unchecked is None:
            return
        loss, rows = self._unchecked
        self._unchecked = None
        if loss.isfinite():
            return
        data: TrainingDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        raise InputError(
            f"The loss became {loss.item()} at step {self.global_step}, for the photographs "
            f"{', '.join(data.paths(rows))}; look at them, or lower optimizer.lr."
        )


def device_of(trainer: Trainer) -> str:
    """Say how many processes run on what, such as ``1 x cpu``: on others dropout draws other numbers."""
    return f"{trainer.world_size} x {trainer.strategy.root_device.type}"


def _step_seed(seed: int, step: int, rank: int) -> int:
    """Return a seed for a step of a process (SplitMix64's mixing, so that neighbours are unlike)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    return (mixed ^ (mixed >> 31)) & (2**63 - 1)
