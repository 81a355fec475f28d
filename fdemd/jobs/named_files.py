"""Files that the settings name, looked for before a job is imported, since torch takes seconds."""

from __future__ import annotations

import os

from fdemd.checkpoints.files import own_file
from fdemd.data.pair_lists import read_pair_list
from fdemd.data.sources import folder_manifest, listed_manifest, orl_manifest, pairs_manifest, prepared_manifest
from fdemd.files.user_paths import check_file, check_folder, expand_home
from fdemd.settings.faces import Data, FolderData, ManifestData, OrlData, PairsData
from fdemd.settings.jobs import Evaluate, Train
from fdemd.settings.networks import Network, PluginNetwork
from fdemd.settings.normalization import ScoreNormalization
from fdemd.settings.queries import ADVERSARIAL, AdversarialQuery

_NO_FILES = ("random", "pretrained")
"""What ``model.checkpoint`` may say instead of a file."""


def check_named_files(settings: Evaluate | Train) -> None:
    """Check that what the settings name is there. What reads a file is what tells that it is missing, where it can.

    Raises:
        InputError: The photographs, a list of them or of pairs, a weight file, an estimator, a calibration or the
            folder of an earlier run is not there.
    """
    _check_weights(settings.model)
    attack = settings.query.get(ADVERSARIAL)
    if isinstance(attack, AdversarialQuery) and attack.model is not None:
        _check_weights(attack.model)
    _check_photographs(settings.data)
    if (calibration := getattr(settings.rerank, "calibration", None)) is not None:
        check_file(expand_home(calibration), "The calibration", "give it with rerank.calibration=FILE")
    if isinstance(settings, Train):
        _check_run("resume", settings.resume)
        return
    if isinstance(settings.align, ScoreNormalization):
        _check_cohort(settings.align)
    if settings.trials is not None:
        _check_run("trials.resume", settings.trials.resume)
    for path in settings.table4.finetuned if settings.table4 else ():
        check_file(expand_home(path), "The weight file", "change table4.finetuned")


def _check_weights(model: Network) -> None:
    checkpoint = getattr(model, "checkpoint", None)
    if checkpoint not in (None, *_NO_FILES) and not isinstance(model, PluginNetwork):
        own_file(str(checkpoint))


def _check_run(setting: str, folder: str | None) -> None:
    if folder is not None:
        check_folder(expand_home(folder), "The folder", f"give that of an earlier run with {setting}=FOLDER")


def _check_cohort(align: ScoreNormalization) -> None:
    if align.manifest is not None and _is_missing(align.manifest):
        listed_manifest(align.manifest)
    if align.estimator is not None:
        check_file(expand_home(align.estimator), "The estimator", "change align.estimator")


def _check_photographs(data: Data) -> None:
    if isinstance(data, OrlData | FolderData):
        if data.root is not None and _is_missing(data.root):
            (orl_manifest if isinstance(data, OrlData) else folder_manifest)(data.root)
    elif isinstance(data, ManifestData):
        if _is_missing(data.manifest):
            listed_manifest(data.manifest)
    elif isinstance(data, PairsData):
        photographs = data.manifest if data.root is None else data.root
        if _is_missing(data.pairs):
            read_pair_list(expand_home(data.pairs))
        if photographs is None or _is_missing(photographs):
            pairs_manifest(data)
    elif _is_missing(data.manifest):
        prepared_manifest(data.name, data.manifest)


def _is_missing(path: str) -> bool:
    """Whether nothing is there, as far as one may look."""
    return not os.path.lexists(os.path.expanduser(path))  # noqa: PTH111 # pathlib's raises for an unknown user
