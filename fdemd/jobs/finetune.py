"""``python train.py``: finetune a network with masks, and identify people it never saw every few steps."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pytorch_lightning import Trainer, seed_everything

from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.projection import RAW
from fdemd.cache.location import cache_folder
from fdemd.checkpoints.training_state import RUN, read_state
from fdemd.cli.signals import told_how_to_go_on
from fdemd.data.augmentation import Augmentation
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import rows_digest
from fdemd.data.people import split_people
from fdemd.data.sources import build_manifest
from fdemd.data.training import BALANCED, SHUFFLED, TrainingDataModule
from fdemd.errors import InputError
from fdemd.files.disk import is_full
from fdemd.files.lock import alone_in
from fdemd.files.writing import PART, atomic_write, is_part
from fdemd.losses import build_criterion, compares_faces
from fdemd.report.finetuning import FinetuneReport
from fdemd.report.identification import model_label
from fdemd.runs.files import run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.results_log import log_results
from fdemd.scoring.closed_set import Comparison
from fdemd.settings.checking import check_settings
from fdemd.settings.jobs import Train
from fdemd.settings.ranking import EmdRerank, second_stage_of
from fdemd.training.keeping import BEST, CHECKPOINTS, LAST
from fdemd.training.module import FinetuneModule, device_of
from fdemd.training.optimizers import OptimizerSettings
from fdemd.training.resuming import state_to_resume
from fdemd.training.same_run import check_same, decisive_settings
from fdemd.training.state_checks import check_state
from fdemd.training.trainer import build_trainer, keeper, process_number
from fdemd.training.validation import SELECTED_BY, HeldOut, figures_of

BEFORE = "before"
AUTO = "auto"
"""As order of batches: whatever the loss needs."""


@dataclass(frozen=True)
class Finetuned:
    """What came of a run.

    Attributes:
        folder: of its files.
        comparisons: identification of the held-out people by the weights ``before`` training (unless the run was
            resumed), of the ``last`` step, and by the ``best`` ones; empty if nobody was held out.
        metrics: last value of everything that was logged while training.
    """

    folder: Path
    comparisons: dict[str, list[Comparison]]
    metrics: dict[str, float]

    def checkpoint(self, name: str) -> Path:
        """File of the weights ``last`` or ``best``."""
        return self.folder / CHECKPOINTS / f"{name}.ckpt"


def finetune(settings: Train) -> Finetuned:
    """Train what ``configs/train.yaml`` and the command line ask for; files go to a new folder, or to the resumed one.

    Raises:
        InputError: a setting, a file or the data cannot be used, or the loss is no longer a number.
    """
    config = settings.plain()
    if not 0 <= config["seed"] < 2**32:
        raise InputError(f"seed is {config['seed']}; it must lie between 0 and 4294967295.")
    optimizer = OptimizerSettings(**config["optimizer"])
    second_stage = second_stage_of(settings.rerank)
    if isinstance(second_stage, EmdRerank) and second_stage.patches != RAW:
        raise InputError("Validation re-ranks raw patches only; use rerank.patches=raw, and evaluate.py afterwards.")
    if config["resume"]:
        state_to_resume(config)  # mistakes are told before faces are aligned for hours
    seed_everything(config["seed"], verbose=False)  # for weights that come from no file
    backbone = create_backbone(**config["model"])
    data = training_data(config, backbone)
    embedding_size, map_size = _sizes(backbone)
    criterion = build_criterion(
        **config["loss"], embedding_size=embedding_size, map_size=map_size, identities=len(data.people)
    )
    facts = run_facts(config, data, backbone)
    module = FinetuneModule(
        backbone,
        criterion,
        optimizer,
        HeldOut(data.held_out, second_stage, config["seed"]) if data.held_out else None,
        seed=config["seed"],
        facts=facts,
    )
    with _folder(config) as folder, open_log(config, folder, "train") as log:
        trainer = build_trainer(config, log, validated=data.held_out is not None)
        report = FinetuneReport(config, data, backbone.weights_sha256, folder)
        with _told_how_to_go_on(folder), _ending_others(trainer):
            resumed = _checked_state(config, facts, module, trainer) if config["resume"] else None
            if trainer.is_global_zero:
                report.start(resumed and resumed.step)
            comparisons = {} if resumed or not data.held_out else {BEFORE: _validated(trainer, module, data)}
            module.train()
            trainer.fit(module, data, ckpt_path=resumed and resumed.path)
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            finetuned = Finetuned(folder, comparisons | _after(trainer, module, data, folder), metrics)
            if trainer.is_global_zero:
                report.finish(finetuned.comparisons)
                log_results(log, trainer.global_step)
    return finetuned


class _Resumed(NamedTuple):
    """The file of a state, and the step that it is of."""

    path: Path
    step: int


def run_facts(config: Mapping[str, Any], data: TrainingDataModule, backbone: Backbone) -> dict[str, Any]:
    """What makes a run this run and is known before its photographs are read, see :mod:`fdemd.training.same_run`."""
    held_out = data.held_out.manifest.photographs if data.held_out else ()
    return {
        "settings": decisive_settings(config),
        "people": list(data.people),
        "held out": sorted({photograph.identity for photograph in held_out}),
        "weights": backbone.weights_sha256,
        "rows": rows_digest(data.manifest.photographs),
        "rows held out": rows_digest(held_out) if data.held_out else "",
    }


def _checked_state(
    config: Mapping[str, Any], facts: Mapping[str, Any], module: FinetuneModule, trainer: Trainer
) -> _Resumed:
    """The state to go on from, once it is certain that this run saved it.

    Raises:
        InputError: it is damaged or another run's.
    """
    path, state = state_to_resume(config)
    check_same(state[RUN], facts, config["resume"])
    check_state(state, path, module, module.new_optimizer(), trainer)
    if (before := state[RUN]["device"]) != (now := device_of(trainer)) and trainer.is_global_zero:
        print(
            f"The run was on {before} and goes on on {now}: its weights are close to those of a run that was never "
            "broken off, but not the same.",
            flush=True,
        )
    return _Resumed(path, state["global_step"])


@contextmanager
def _told_how_to_go_on(folder: Path) -> Iterator[None]:
    """Say, when the program is stopped or the disk is full, how the run goes on.

    Raises:
        Stopped: by a signal.
        InputError: the disk is full.
    """
    setting, last = f"resume={folder}", folder / CHECKPOINTS / f"{LAST}.ckpt"
    try:
        with told_how_to_go_on(lambda: setting if last.exists() else "", is_told=not process_number()):
            yield
    except OSError as error:
        if is_full(error):
            raise InputError(
                f"The disk is full: the files in {folder} cannot be written; make room, then go on with {setting}."
            ) from error
        raise


@contextmanager
def _ending_others(trainer: Trainer) -> Iterator[None]:
    """End the processes that this one started to train along with it, if it ends before them."""
    try:
        yield
    except BaseException:
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(signal.SIGTERM)
        raise


def training_data(config: Mapping[str, Any], backbone: Backbone) -> TrainingDataModule:
    """The people to train on and those held out, aligned as the network takes them.

    Raises:
        InputError: the data cannot be used or a setting is out of range.
    """
    settings, size = check_settings(Train, config), backbone.face_size
    data = settings.data
    training, held_out = split_people(
        build_manifest(data), config["validation"]["people"], config["validation"]["seed"]
    )
    faces: dict[str, Any] = {
        "alignment": backbone.alignment,
        "face_size": size,
        "seed": settings.seed,
        "detector": data.detector,
        "batch_size": data.batch_size,
        "num_workers": data.num_workers,
        "cache": cache_folder(data.cache),
    }
    change = Augmentation(size, config["seed"], mask_share=data.mask_share, **config["augment"])
    order = _order_of_batches(config)
    validation = FaceDataModule(held_out, settings.query, **faces) if held_out else None
    return TrainingDataModule(training, validation, change=change, order=order, **faces)


def _order_of_batches(config: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``batches`` with its order decided.

    Raises:
        InputError: the loss compares faces of one person, and a batch would not have two of each.
    """
    batches, size, compares = dict(config["batches"]), config["data"]["batch_size"], compares_faces(config["loss"])
    if batches["order"] == AUTO:
        batches["order"] = BALANCED if compares else SHUFFLED
    if compares and (batches["order"] != BALANCED or size < 2 * batches["people"]):
        raise InputError(
            "This loss compares faces of one person within a batch; use batches.order=balanced and a data.batch_size "
            f"of twice batches.people={batches['people']} or more, not {batches['order']} batches of {size}."
        )
    return batches


@torch.no_grad()
def _sizes(backbone: Backbone) -> tuple[int, int]:
    """How many numbers the embedding and the patches of a face have."""
    blank = backbone(torch.zeros(1, 3, *backbone.face_size))
    return blank.embedding.shape[1], blank.patches[0].numel()


@contextmanager
def _folder(config: Mapping[str, Any]) -> Iterator[Path]:
    """The folder of the run's files. Only the first of several processes makes one, and it alone writes to it."""
    if process_number():
        yield Path(str(config["resume"]))
        return
    if config["resume"]:
        folder = Path(str(config["resume"]))
        with alone_in(folder, "stop it first"):
            for left in (folder / CHECKPOINTS).glob(f".*{PART}"):
                # Of a run that was killed as it saved; nobody else is at work here.
                if is_part(left.name):
                    with suppress(OSError):  # a folder, or not ours
                        left.unlink()
            yield folder
        return
    label = f"train-{model_label(config['model'])}-{config['data']['name']}"
    with run_folder(Path(str(config["output"])), label) as folder, alone_in(folder, "stop it first"):
        yield folder


def _validated(trainer: Trainer, module: FinetuneModule, data: TrainingDataModule) -> list[Comparison]:
    trainer.validate(module, data, verbose=False)
    return module.comparisons


def _after(
    trainer: Trainer, module: FinetuneModule, data: TrainingDataModule, folder: Path
) -> dict[str, list[Comparison]]:
    """Save the last weights, and identify by them and by the best ones."""
    last, best = (folder / CHECKPOINTS / f"{name}.ckpt" for name in (LAST, BEST))
    trainer.save_checkpoint(last)
    if not data.held_out:
        return {}
    score = keeper(trainer).best
    comparisons = {LAST: _validated(trainer, module, data)}
    if score is None or figures_of(comparisons[LAST])[SELECTED_BY] >= score:
        # The run ended between two validations, and well.
        if trainer.is_global_zero:
            with atomic_write(best) as copy, last.open("rb") as original:
                shutil.copyfileobj(original, copy)
        return comparisons | {BEST: comparisons[LAST]}
    module.load_state_dict(read_state(trainer.strategy.broadcast(best))["state_dict"])
    return comparisons | {BEST: _validated(trainer, module, data)}
