"""What every training shows of itself, as Lightning callbacks."""

from __future__ import annotations

from pytorch_lightning import Callback
from pytorch_lightning.callbacks import LearningRateMonitor

from fdemd.runs.input_grid import SaveInputGrid
from fdemd.runs.loggers import RunLog
from fdemd.runs.progress import TrainingProgress
from fdemd.runs.throughput import ImagesPerSecond


def training_callbacks(log: RunLog) -> list[Callback]:
    """Progress, images/s, a picture of the inputs, and the learning rate of each group where there is a logger."""
    rates = [LearningRateMonitor(logging_interval="step")] if log.loggers else []
    return [ImagesPerSecond(), TrainingProgress(), SaveInputGrid(log), *rates]
