"""The Lightning callbacks of every training."""

from __future__ import annotations

from pytorch_lightning import Callback
from pytorch_lightning.callbacks import LearningRateMonitor

from fdemd.runs.input_grid import SaveInputGrid
from fdemd.runs.loggers import RunLog
from fdemd.runs.progress import TrainingProgress
from fdemd.runs.throughput import ImagesPerSecond


def training_callbacks(log: RunLog) -> list[Callback]:
    """Build what shows a training at work: progress, images a second, a picture of the inputs, and the learning rates.

    Args:
        log: Loggers and folder of the run; learning rates are only followed where there is a logger.
    """
    rates = [LearningRateMonitor(logging_interval="step")] if log.loggers else []
    return [ImagesPerSecond(), TrainingProgress(), SaveInputGrid(log), *rates]
