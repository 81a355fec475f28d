"""The LightningModule that trains a network: everything about a step, nothing about the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from fdemd.backbones import Backbone
from fdemd.checkpoints.training_state import RUN
from fdemd.data.dataset import FaceBatch, as_numbers
from fdemd.data.training import TrainingBatch, TrainingDataModule
from fdemd.embedding.batch import embed_batch
from fdemd.errors import InputError
from fdemd.losses import Criterion, ScaleFaceCriterion
from fdemd.scoring.closed_set import Comparison
from fdemd.training.optimizers import OptimizerSettings, build_optimizer, learning_rate_factor
from fdemd.training.same_run import check_same
from fdemd.training.validation import HeldOut, figures_of


class FinetuneModule(LightningModule):
    """Trains a backbone and the class weights of a margin loss, and validates on held-out people.

    All randomness of a step (dropout) comes from the seed, the step and the process, so that a resumed run needs no
    state of any generator.

    Attributes:
        comparisons: of the last validation.
    """

    comparisons: list[Comparison]

    def __init__(
        self,
        backbone: Backbone,
        criterion: Criterion,
        optimizer: OptimizerSettings,
        held_out: HeldOut | None,
        *,
        seed: int,
        facts: Mapping[str, Any],
    ) -> None:
        """Put a training together.

        Args:
            backbone: to be trained, all of it that requires gradients, unless the criterion leaves it as it is.
            criterion: what is minimised.
            optimizer: settings of the optimizer and its learning rate.
            held_out: the validation; None leaves it out.
            seed: of the run.
            facts: plain values that a checkpoint carries along, see :mod:`fdemd.training.same_run`.
        """
        super().__init__()
        self.backbone, self.criterion = backbone, criterion
        self.optimizer, self.held_out = optimizer, held_out
        self.seed, self.facts = seed, facts
        self.comparisons = []
        self._unchecked: tuple[Tensor, Tensor] | None = None
        if not criterion.trains_backbone:
            backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> FinetuneModule:
        """As ever, but a frozen network stays in evaluation mode: neither batch statistics nor dropout change it."""
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
        """Embeddings ``(B, D)`` of every training face as it was photographed, and labels ``(B,)``, on the device."""
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
        """Loss of a batch, whose learning rate and accuracy are logged.

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
        """Look at the loss of the epoch's last batch."""
        self._check_last_loss()

    def on_validation_start(self) -> None:
        """Do not judge weights that are not numbers."""
        self._check_last_loss()

    def validation_step(self, batch: FaceBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Embed a batch."""
        assert self.held_out is not None
        self.held_out.add(dataloader_idx, batch["row"], embed_batch(self.backbone, batch))

    def on_validation_epoch_end(self) -> None:
        """Identify the held-out people, and log the figures."""
        assert self.held_out is not None
        self.comparisons = self.held_out.compare()
        self.log_dict(figures_of(self.comparisons), sync_dist=True)  # the same in every process

    def new_optimizer(self) -> Optimizer:
        """An optimizer that has not made a step yet."""
        frozen = not self.criterion.trains_backbone
        return build_optimizer(self.optimizer, self.backbone, self.criterion, frozen=frozen)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """See :mod:`fdemd.training.optimizers`."""
        optimizer = self.new_optimizer()
        data: TrainingDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        steps_an_epoch = math.ceil(data.batches_an_epoch / self.trainer.accumulate_grad_batches)
        limits = (self.trainer.max_steps, (self.trainer.max_epochs or -1) * steps_an_epoch)
        steps = min(limit for limit in limits if limit >= 0)
        schedule = LambdaLR(optimizer, learning_rate_factor(self.optimizer, steps, steps_an_epoch))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what makes the run this run, once it is certain that the weights are numbers."""
        self._check_last_loss()
        # A parameter that has no part in the loss has none.
        remembered = len(checkpoint["optimizer_states"][0]["state"])
        of_now = {"device": device_of(self.trainer), "remembered": remembered}
        checkpoint[RUN] = {**self.facts, **self._photographs(), **of_now}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the photographs that the run was started with only.

        Raises:
            InputError: they are others.
        """
        check_same(checkpoint[RUN], self._photographs(), self.trainer.default_root_dir)

    def _photographs(self) -> dict[str, str]:
        """The sha256 of the faces trained on and of those held out."""
        data: TrainingDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        held_out = data.held_out.faces.digest if data.held_out else ""
        return {"photographs": data.faces.digest, "photographs held out": held_out}

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
    """How many processes on what: ``1 x cpu``. Another one draws other numbers for dropout, and rounds otherwise."""
    return f"{trainer.world_size} x {trainer.strategy.root_device.type}"


def _step_seed(seed: int, step: int, rank: int) -> int:
    """A number of its own for each step of each process (SplitMix64's mixing, so that neighbours are unlike)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    return (mixed ^ (mixed >> 31)) & (2**63 - 1)
