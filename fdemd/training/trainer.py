"""The Trainer of a training run: how long, on what, and what it keeps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fdemd.checkpoints.training_state import PlainCheckpoints
from fdemd.errors import InputError
from fdemd.report.ranked import log_ranked, ranked_rows
from fdemd.runs.callbacks import training_callbacks
from fdemd.runs.loggers import RunLog
from fdemd.runs.quiet import quiet_lightning
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.training.keeping import CHECKPOINTS, KeepState
from fdemd.training.module import FinetuneModule


def build_trainer(config: Mapping[str, Any], log: RunLog, *, validated: bool) -> Trainer:
    """The trainer that ``config`` asks for, its checkpoints in ``checkpoints`` below the run's folder.

    Raises:
        InputError: a number is out of range, or this machine has no such device or Lightning no such precision.
    """
    settings = dict(config["trainer"])
    save_every, every = settings.pop("save_every"), config["validation"]["every"]
    for name, value in (("trainer.save_every", save_every), ("validation.every", every)):
        if value < 1:
            raise InputError(f"{name} is {value}; it must be 1 step or more.")
    for name in ("max_steps", "max_epochs"):
        if settings[name] == 0:
            raise InputError(f"trainer.{name} is 0; nothing would be trained. Give 1 or more, or -1 for no such limit.")
    if settings["max_steps"] < 0 and settings["max_epochs"] < 0:
        raise InputError("The run would never end; set trainer.max_steps or trainer.max_epochs.")
    callbacks = [*training_callbacks(log), *([RankedTable(log)] if validated else [])]
    callbacks.append(KeepState(log.folder / CHECKPOINTS, save_every))
    quiet_lightning()
    warnings.filterwarnings("ignore", ".*dataloader is not resumable.*")  # TrainingDataModule goes on where it stopped
    try:
        return Trainer(
            **settings,
            logger=log.loggers or False,
            callbacks=callbacks,
            enable_checkpointing=False,  # but for KeepState
            default_root_dir=log.folder,
            plugins=[PlainCheckpoints(f"make room, then go on with resume={log.folder}")],
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            limit_val_batches=1.0 if validated else 0,
            check_val_every_n_epoch=None,
            val_check_interval=every * settings["accumulate_grad_batches"],
            log_every_n_steps=1,
            enable_model_summary=False,
        )
    except (MisconfigurationException, ValueError, ImportError) as error:
        raise InputError(f"The trainer cannot be set up: {error}") from error


class RankedTable(Callback):
    """Writes down, after each validation, whom a few queries were taken for."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the table of this step."""
        assert isinstance(pl_module, FinetuneModule)
        assert pl_module.held_out is not None
        faces, rows = pl_module.held_out.faces, []
        for comparison in pl_module.comparisons:
            stages = {STAGE_1: comparison.stage1} | ({STAGE_2: comparison.stage2} if comparison.stage2 else {})
            rows += ranked_rows(comparison.kind, stages, faces.manifest, faces.query_rows, faces.gallery_rows)
        log_ranked(self._log, rows, trainer.global_step)


def keeper(trainer: Trainer) -> KeepState:
    """What keeps the state of its run."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    (kept,) = (callback for callback in callbacks if isinstance(callback, KeepState))
    return kept


def process_number() -> int:
    """Which of the processes that train together this is, before there is a trainer to tell; 0 if it is alone."""
    return int(getattr(rank_zero_only, "rank", 0))
