"""Loggers for the figures of a run besides its own files: W&B, CSV or TensorBoard, all of them Lightning's."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from rich.console import Console

from fdemd.errors import InputError
from fdemd.runs.wandb_access import has_login, is_reachable, mode_asked, server
from fdemd.settings import running as sections

_START = 30
"""Seconds after which W&B gives up starting a run."""

Job = Literal["train", "evaluate"]


@dataclass(frozen=True)
class RunLog:
    """The loggers of one run. In every process but the first they do nothing.

    Attributes:
        folder: Folder of the run; every logger writes below it.
        loggers: Loggers for Lightning's ``Trainer(logger=...)``.
        images: Whether pictures of faces are logged.
    """

    folder: Path
    loggers: list[Logger]
    images: bool

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Add facts about the run (data, versions) to its logged config."""
        for logger in self.loggers:
            logger.log_hyperparams(dict(facts))

    def metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Log numbers by name; in W&B the last ones also become the summary of the run."""
        for logger in self.loggers:
            logger.log_metrics(dict(metrics), step)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        """Log a table; CSV has no place for one, so callers write it to a file as well."""
        for logger in self.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_table(name, list(columns), [list(row) for row in rows], step=step)
            elif isinstance(logger, TensorBoardLogger):
                lines = [columns, ["---"] * len(columns), *rows]
                text = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
                logger.experiment.add_text(name, text, step)

    def picture(self, name: str, path: Path, step: int) -> None:
        """Log the picture with faces at ``path``, if pictures are asked for."""
        if not self.images:
            return
        for logger in self.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image(name, [str(path)], step)
            elif isinstance(logger, TensorBoardLogger):
                with Image.open(path) as picture:
                    logger.experiment.add_image(name, np.asarray(picture.convert("RGB")), step, dataformats="HWC")


@contextmanager
def open_log(section: sections.Logger, folder: Path, job: Job, record: Mapping[str, Any]) -> Iterator[RunLog]:
    """Make the loggers that a run asks for, say where the figures go, and close them, errors or not.

    The loggers open nothing before they are used, and then in the first process only: one run whatever the number of
    processes, and none for a mistake in the settings.

    Args:
        section: Section ``logger`` of the settings.
        folder: Folder of the run, existing and its own.
        job: What is run. Without W&B ``auto`` is CSV for ``train`` and nothing for ``evaluate``, whose results are
            files already.
        record: All settings of the run as plain containers; W&B shows them.

    Raises:
        InputError: TensorBoard is not installed, or W&B refuses the run.
    """
    kind, sentence = _chosen(section, job, folder)
    log = RunLog(folder, _loggers(kind, section, folder, job, record), section.log_images)
    if sentence:
        _say(sentence)
    failed = True
    try:
        yield log
        failed = False
    except Exception as error:
        wandb = sys.modules.get("wandb")
        if wandb and isinstance(error, wandb.Error):
            raise InputError(
                f"W&B at {server()} did not take the run: {error}. Log in with `wandb login`, or choose logger=csv or "
                "logger.offline=true."
            ) from error
        raise
    finally:
        _close(log.loggers, failed)


@rank_zero_only
def _say(sentence: str) -> None:
    Console().print(sentence, soft_wrap=True, markup=False, highlight=False)


def _chosen(section: sections.Logger, job: Job, folder: Path) -> tuple[str, str]:
    """Choose the kind of logger, ``wandb`` as ``online`` or ``offline``, and word the sentence that says so."""
    kind, asked = section.kind, mode_asked()
    if kind not in ("auto", "wandb"):
        return kind, ""
    if asked != "disabled" and (kind == "wandb" or asked or has_login()):
        where, why = f"W&B, project {section.project}", _why_offline(section.offline, asked)
        if not why:
            return "online", f"Figures go to {where}; logger=csv keeps them here."
        later = f"wandb sync {shlex.quote(str(folder / 'wandb'))}/offline-run-*"
        return "offline", f"Figures are kept for {where}, since {why}; upload them with: {later}"
    if job == "evaluate":
        return "none", ""
    why = "WANDB_MODE is disabled" if asked == "disabled" else "there is no W&B login"
    how = "`wandb login`, logger=wandb or logger=tensorboard"
    return "csv", f"Figures go to {folder}/ as CSV, since {why}; change it with {how}."


def _why_offline(wanted: bool, asked: str) -> str:
    """Return why W&B cannot be reached, empty if it can. The network is tried in the first process only."""
    if wanted:
        return "logger.offline is true"
    if asked == "offline":
        return "WANDB_MODE is offline"
    if not has_login():
        return "there is no W&B login (`wandb login`)"
    if not rank_zero_only(is_reachable, default=True)():
        return f"{server()} does not answer"
    return ""


def _loggers(kind: str, section: sections.Logger, folder: Path, job: Job, record: Mapping[str, Any]) -> list[Logger]:
    if kind == "csv":
        # Lightning would replace the file of a run that goes on in its folder.
        starts = len(list(folder.glob("**/metrics.csv")))
        return [CSVLogger(folder, name="", version=f"resumed_{starts}" if starts else "")]
    if kind == "tensorboard":
        if find_spec("tensorboard") is None:
            raise InputError("TensorBoard is not installed; run: pip install 'fdemd[tensorboard]'")
        return [TensorBoardLogger(folder, name="tensorboard", version="", default_hp_metric=False)]
    if kind in ("online", "offline"):
        logger = WandbLogger(
            name=folder.name,
            save_dir=folder,
            id=_online_run(folder) if kind == "online" else None,
            project=section.project,
            entity=section.entity,
            group=section.group,
            tags=section.tags,
            job_type=job,
            config=dict(record),
            mode=kind,  # Lightning's own `offline` would change the environment of the runs that follow
            # Online W&B tells the address of the run; offline the sentence says all there is to say.
            settings={"init_timeout": _START, "quiet": True, "silent": kind == "offline"},
        )
        logger._wandb_init.pop("anonymous", None)  # Lightning hands it on unset, and W&B warns that it has no effect
        return [logger]
    return []


def _online_run(folder: Path) -> str | None:
    """Return the id of the W&B run that a training began in this folder, so that resuming resumes both."""
    runs = sorted(folder.glob("wandb/run-*/run-*.wandb"))
    return runs[-1].stem.removeprefix("run-") if runs else None


def _close(loggers: Sequence[Logger], failed: bool) -> None:
    """End the run; Lightning leaves W&B's open, and the next run of a sweep would be written into it."""
    for logger in loggers:
        logger.finalize("failed" if failed else "success")
        if isinstance(logger, WandbLogger) and (wandb := sys.modules.get("wandb")):  # else no run was begun
            wandb.finish(exit_code=int(failed))
