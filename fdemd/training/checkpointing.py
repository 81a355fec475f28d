"""When a training run saves its state: every so many steps, after each validation, and when it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from fdemd.checkpoints.training_state import read_state
from fdemd.cli.signals import Stopped, handled_by
from fdemd.errors import InputError
from fdemd.training.validation import SELECTED_BY

CHECKPOINTS, LAST, BEST = "checkpoints", "last", "best"
"""The folder of a run's checkpoints, and the names of the files in it."""
_OF_VALIDATION = "epoch_loop.val_loop.batch_progress"
"""Lightning's counters of the validation within a training."""


class StateCheckpoint(Callback):
    """Saves ``last.ckpt``, from which a run goes on, and ``best.ckpt``.

    A state is saved after a step of the optimizer only: gradients that are still being added up are in no checkpoint.
    Where a validation is due it is saved after that, so that going on neither repeats nor misses one.

    Ctrl-C and SIGTERM wait for the end of a step, whose state is saved. A validation is broken off at once, and done
    again by the run that goes on. With several processes they agree on the step.

    Attributes:
        best: Figure :data:`fdemd.training.validation.SELECTED_BY` of the best weights so far; None before the first
            validation.
    """

    state_key = "KeepState"
    """Name of its state in a checkpoint, the same as ever, so that earlier runs can be resumed."""

    def __init__(self, folder: Path, save_every: int) -> None:
        """Describe what is saved.

        Args:
            folder: Folder of the checkpoints.
            save_every: Steps between two saves of ``last.ckpt``.
        """
        self.folder, self.save_every = folder, save_every
        self.best: float | None = None
        self._received: int | None = None
        self._step = 0
        self._is_stepped = self._is_due = self._in_validation = self._alone = False
        self._handlers = ExitStack()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on a signal waits for the end of a step. Lightning's own handler, set just before, is replaced."""
        self._alone = trainer.world_size == 1
        self._handlers.enter_context(handled_by(self._stop))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on a signal stops the program at once, as everywhere."""
        self._handlers.close()
        if stopped := self._agreed(trainer):
            self._save(trainer, LAST)
            raise Stopped(stopped)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Note the step, to see whether the batch completes it."""
        self._step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save if it is time to, or if the program is to stop."""
        self._is_stepped = trainer.global_step > self._step
        if not self._is_stepped:
            return
        self._is_due |= trainer.global_step % self.save_every == 0
        if _validates_now(trainer):
            return  # in a moment, see on_validation_start
        stopped = self._agreed(trainer)
        if self._is_due or stopped:
            self._save(trainer, LAST)
        if stopped:
            raise Stopped(stopped)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Weights change no more until its end, so that a signal need not wait."""
        if trainer.state.fn != TrainerFn.FITTING:
            self._handlers.enter_context(handled_by(_raise))
            return
        self._in_validation = True
        if self._is_stepped:
            self._stop_if_signalled(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the weights if they are the best so far, and the state."""
        if trainer.state.fn != TrainerFn.FITTING:
            self._handlers.close()
            return
        self._in_validation = False
        score = float(trainer.callback_metrics[SELECTED_BY])
        if self.best is None or score > self.best:
            self.best = score
            self._save(trainer, BEST)
        self._is_due = True
        if self._is_stepped:
            self._save(trainer, LAST)
            self._stop_if_signalled(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save the state of a run that was stopped while it validated, unless gradients were being added up.

        Until Lightning has cleaned up, which gives back the handlers from before the run, SIGTERM is only noted: the
        first of several processes sends it to the others, whose Lightning would then wait for a process that is gone.
        """
        self._handlers.close()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._note)
        if isinstance(exception, Stopped) and self._in_validation and self._is_stepped:
            self._save(trainer, LAST)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Have a validation that was broken off begin anew: as Lightning does if it fails in its first batch."""
        if self._in_validation:
            none, first = {"ready": 0, "started": 0, "processed": 0, "completed": 0}, {"ready": 1, "started": 1}
            counters = {"total": none | first, "current": none, "is_last_batch": False}
            checkpoint["loops"]["fit_loop"][_OF_VALIDATION] = counters

    def state_dict(self) -> dict[str, Any]:
        """The best figure so far."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on with the best figure so far, if its weights are still there."""
        self.best = state_dict["best"]
        if self.best is None:
            return
        try:
            read_state(self.folder / f"{BEST}.ckpt")
        except InputError as error:
            print(f"The best weights so far are chosen anew: {error}", flush=True)
            self.best = None

    def _stop(self, number: int, frame: object) -> None:
        """Take note of a signal. A second Ctrl-C does not wait; SIGTERM often comes twice (``timeout`` sends two)."""
        impatient = self._received == number == signal.SIGINT
        self._received = number
        if impatient or (self._in_validation and self._is_stepped and self._alone):
            raise Stopped(number)

    def _note(self, number: int, frame: object) -> None:
        self._received = number

    def _agreed(self, trainer: Trainer) -> int | None:
        """Return the signal by which all processes stop here; None if none of them received one."""
        if self._alone:
            return self._received
        stops = trainer.strategy.reduce_boolean_decision(self._received is not None, all=False)
        return (self._received or signal.SIGTERM) if stops else None

    def _stop_if_signalled(self, trainer: Trainer) -> None:
        if stopped := self._agreed(trainer):
            raise Stopped(stopped)

    def _save(self, trainer: Trainer, name: str) -> None:
        if name == LAST:
            self._is_due = False
        trainer.save_checkpoint(self.folder / f"{name}.ckpt")


def _validates_now(trainer: Trainer) -> bool:
    """Whether a validation follows the batch that has just been trained on."""
    done = trainer.fit_loop.epoch_loop.batch_progress.total.ready
    every = trainer.val_check_batch
    return every is not None and trainer.enable_validation and done % every == 0


def _raise(number: int, frame: object) -> None:
    raise Stopped(number)
