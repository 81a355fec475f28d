"""The Trainer of a training run: how long, on what, and what it keeps."""

from __future__ import annotations

import warnings

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import rank_zero_only

from fdemd.checkpoints.training_state import PlainCheckpoints
from fdemd.report.ranked import log_ranked, ranked_rows
from fdemd.runs.callbacks import training_callbacks
from fdemd.runs.loggers import RunLog
from fdemd.runs.trainer import create_trainer
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.settings.running import TrainingTrainer
from fdemd.training.checkpointing import CHECKPOINTS, StateCheckpoint
from fdemd.training.module import FinetuneModule


def build_trainer(section: TrainingTrainer, log: RunLog, *, validate_every: int | None) -> Trainer:
    """Build the Trainer of a run, with its checkpoints in the folder ``checkpoints`` of the run.

    Args:
        section: Section ``trainer`` of the settings.
        log: Loggers and folder of the run.
        validate_every: Steps of the optimizer between two validations; None trains without validation.

    Raises:
        InputError: this machine has no such device, or Lightning no such precision or strategy.
    """
    warnings.filterwarnings("ignore", ".*dataloader is not resumable.*")  # TrainingDataModule goes on where it stopped
    callbacks = [*training_callbacks(log), *([RankedTable(log)] if validate_every else [])]
    return create_trainer(
        **{name: value for name, value in section.plain().items() if name != "save_every"},
        logger=log.loggers or False,
        callbacks=[*callbacks, StateCheckpoint(log.folder / CHECKPOINTS, section.save_every)],
        default_root_dir=log.folder,
        plugins=[PlainCheckpoints(f"make room, then go on with resume={log.folder}")],
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if validate_every else 0,
        check_val_every_n_epoch=None,
        val_check_interval=(validate_every or 1) * section.accumulate_grad_batches,
        log_every_n_steps=1,
    )


class RankedTable(Callback):
    """Logs, after each validation, whom a few queries were taken for."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the table of this step."""
        assert isinstance(pl_module, FinetuneModule)
        assert pl_module.validation is not None
        faces, rows = pl_module.validation.faces, []
        for comparison in pl_module.validation.comparisons:
            stages = {STAGE_1: comparison.stage1} | ({STAGE_2: comparison.stage2} if comparison.stage2 else {})
            rows += ranked_rows(comparison.kind, stages, faces.manifest, faces.query_rows, faces.gallery_rows)
        log_ranked(self._log, rows, trainer.global_step)


def state_checkpoint(trainer: Trainer) -> StateCheckpoint:
    """Return the callback that saves the state of a run."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    (found,) = (callback for callback in callbacks if isinstance(callback, StateCheckpoint))
    return found


def process_rank() -> int:
    """Return the rank of this process among those that train together, before there is a Trainer; 0 if it is alone."""
    return int(getattr(rank_zero_only, "rank", 0))
