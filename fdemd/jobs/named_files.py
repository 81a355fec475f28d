"""Files that the settings name, looked for before a job is imported, since torch takes seconds."""

from __future__ import annotations

import os

from fdemd.checkpoints.files import own_file
from fdemd.data.pair_lists import read_pair_list
from fdemd.data.sources import folder_manifest, listed_manifest, orl_manifest, pairs_manifest, prepared_manifest
from fdemd.files.user_paths import expand_home
from fdemd.settings.faces import FolderData, ManifestData, OrlData, PairsData
from fdemd.settings.jobs import Evaluate, Train
from fdemd.settings.networks import PluginNetwork

_NO_FILES = ("random", "pretrained")
"""What ``model.checkpoint`` may say instead of a file."""


def check_named_files(settings: Evaluate | Train) -> None:
    """Check that the data and the checkpoint are there. What reads a file is what tells that it is missing.

    Raises:
        InputError: The photographs, a list of them, a list of pairs or a weight file is not there.
    """
    checkpoint = getattr(settings.model, "checkpoint", None)
    if checkpoint not in (None, *_NO_FILES) and not isinstance(settings.model, PluginNetwork):
        own_file(str(checkpoint))
    data = settings.data
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
