"""``python train.py``: finetune a network with masks, and identify people it never saw every few steps."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pytorch_lightning import Trainer, seed_everything

from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.projection import RAW
from fdemd.checkpoints.training_state import RUN, read_state
from fdemd.data.training import TrainingDataModule
from fdemd.errors import InputError
from fdemd.files.writing import atomic_write
from fdemd.losses import build_criterion
from fdemd.report.finetuning import FinetuneReport
from fdemd.retrieval.rerankers import build_reranker
from fdemd.runs.loggers import open_log
from fdemd.runs.results_log import log_results
from fdemd.scoring.closed_set import Comparison
from fdemd.settings.jobs import Train
from fdemd.settings.ranking import second_stage_of
from fdemd.training.checkpointing import BEST, CHECKPOINTS, LAST
from fdemd.training.data import describe_training_data
from fdemd.training.fingerprint import check_same_run, run_fingerprint
from fdemd.training.module import FinetuneModule, device_of
from fdemd.training.resuming import state_to_resume
from fdemd.training.run import advise_to_resume, end_other_processes, training_folder
from fdemd.training.state_compatibility import check_compatible
from fdemd.training.trainer import build_trainer, state_checkpoint
from fdemd.training.validation import SELECTED_BY, IdentificationMetric, figures_of

BEFORE = "before"


@dataclass(frozen=True)
class Finetuned:
    """Outcome of a run.

    Attributes:
        folder: Folder of its files.
        comparisons: Identification of the people kept for validation by the weights ``before`` training (unless the
            run was resumed), of the ``last`` step, and by the ``best`` ones; empty without validation.
        metrics: Last value of everything that was logged while training.
    """

    folder: Path
    comparisons: dict[str, list[Comparison]]
    metrics: dict[str, float]

    def checkpoint(self, name: str) -> Path:
        """Return the file of the weights ``last`` or ``best``."""
        return self.folder / CHECKPOINTS / f"{name}.ckpt"


def finetune(settings: Train) -> Finetuned:
    """Train a network; files go to a new folder, or to that of the run that is resumed.

    Args:
        settings: Settings of the run, as ``configs/train.yaml`` and the command line compose them.

    Raises:
        InputError: a file or the data cannot be used, or the loss is no longer a number.
    """
    rerank = second_stage_of(settings.rerank)
    if rerank and build_reranker(rerank).patches != RAW:
        raise InputError("Validation re-ranks raw patches only; use rerank.patches=raw, and evaluate.py afterwards.")
    if settings.resume:
        state_to_resume(settings)  # mistakes are told before faces are aligned for hours
    seed_everything(settings.seed, verbose=False)  # for weights that come from no file
    backbone = create_backbone(**settings.model.plain())
    data = describe_training_data(settings, backbone)
    embedding_size, map_size = feature_sizes(backbone)
    fingerprint = run_fingerprint(settings, data, backbone)
    module = FinetuneModule(
        backbone,
        build_criterion(settings.loss, embedding_size=embedding_size, map_size=map_size, identities=len(data.people)),
        settings.optimizer,
        IdentificationMetric(data.validation, rerank, seed=settings.seed) if data.validation else None,
        seed=settings.seed,
        fingerprint=fingerprint,
    )
    with training_folder(settings) as folder, open_log(settings.logger, folder, "train", settings.plain()) as log:
        trainer = build_trainer(
            settings.trainer, log, validate_every=settings.validation.every if data.validation else None
        )
        report = FinetuneReport(settings, data, backbone.weights_sha256, folder)
        with advise_to_resume(folder), end_other_processes(trainer):
            resumed = _checked_state(settings, fingerprint, module, trainer) if settings.resume else None
            if trainer.is_global_zero:
                report.start(resumed and resumed.step)
            comparisons = {} if resumed or not data.validation else {BEFORE: _validate(trainer, module, data)}
            module.train()
            trainer.fit(module, data, ckpt_path=resumed and resumed.path)
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            finetuned = Finetuned(folder, comparisons | _validate_last_and_best(trainer, module, data, folder), metrics)
            if trainer.is_global_zero:
                report.finish(finetuned.comparisons)
                log_results(log, trainer.global_step)
    return finetuned


class _Resumed(NamedTuple):
    """The file of a state, and the step that it was saved after."""

    path: Path
    step: int


def _checked_state(
    settings: Train, fingerprint: Mapping[str, Any], module: FinetuneModule, trainer: Trainer
) -> _Resumed:
    """Read the state to resume, once it is certain that this run saved it.

    Raises:
        InputError: it is damaged or another run's.
    """
    path, state = state_to_resume(settings)
    check_same_run(state[RUN], fingerprint, settings.resume)
    check_compatible(state, path, module, module.new_optimizer(), trainer)
    if (before := state[RUN]["device"]) != (now := device_of(trainer)) and trainer.is_global_zero:
        print(
            f"The run was on {before} and goes on on {now}: its weights are close to those of a run that was never "
            "broken off, but not the same.",
            flush=True,
        )
    return _Resumed(path, state["global_step"])


@torch.no_grad()
def feature_sizes(backbone: Backbone) -> tuple[int, int]:
    """Return how many numbers the embedding and the patches of a face have."""
    blank = backbone(torch.zeros(1, 3, *backbone.face_size))
    return blank.embedding.shape[1], blank.patches[0].numel()


def _validate(trainer: Trainer, module: FinetuneModule, data: TrainingDataModule) -> list[Comparison]:
    assert module.validation is not None
    trainer.validate(module, data, verbose=False)
    return module.validation.comparisons


def _validate_last_and_best(
    trainer: Trainer, module: FinetuneModule, data: TrainingDataModule, folder: Path
) -> dict[str, list[Comparison]]:
    """Save the last weights, and validate them and the best ones."""
    last, best = (folder / CHECKPOINTS / f"{name}.ckpt" for name in (LAST, BEST))
    trainer.save_checkpoint(last)
    if not data.validation:
        return {}
    score = state_checkpoint(trainer).best
    comparisons = {LAST: _validate(trainer, module, data)}
    if score is None or figures_of(comparisons[LAST])[SELECTED_BY] >= score:
        # The run ended between two validations, and well.
        if trainer.is_global_zero:
            with atomic_write(best) as copy, last.open("rb") as original:
                shutil.copyfileobj(original, copy)
        return comparisons | {BEST: comparisons[LAST]}
    module.load_state_dict(read_state(trainer.strategy.broadcast(best))["state_dict"])
    return comparisons | {BEST: _validate(trainer, module, data)}
