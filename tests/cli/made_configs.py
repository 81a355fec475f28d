"""A small folder of configs, the types of its settings, and the command line over both."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fdemd.cli.command_line import main
from fdemd.settings.section import Section, Text

CONFIGS = {
    "base.yaml": "seed: 7\n",
    "evaluate.yaml": """
        defaults:
          - base
          - model: arcface
          - query: [clean, mask]
          - rerank: emd
          - optional experiment: null
          - _self_
        output: outputs
        limit: null
        protocols: [strict, loose]
        """,
    "train.yaml": "defaults:\n  - model: arcface\n  - _self_\nroot: ???\n",
    "model/arcface.yaml": "# ArcFace, 512 numbers a face.\nkind: arcface\nsize: 112\n",
    "model/dlib.yaml": "# dlib's metric network.\nkind: dlib\ncheckpoint: ${output}/dlib.dat\n",
    "query/clean.yaml": "# As they are.\nclean: {}\n",
    "query/mask.yaml": "# Face masks.\nmask:\n  share: 0.5\n",
    "query/crop.yaml": "# A part of the face.\ncrop:\n  share: 0.7\n",
    "rerank/emd.yaml": "# Earth Mover's Distance.\nkind: emd\nalpha: 0.7\nlearned: false\n",
    "rerank/none.yaml": "# First stage only.\nkind: none\n",
    "experiment/quick.yaml": "# @package _global_\n# A fast look.\ndefaults:\n  - override /rerank: none\nseed: 1\n",
    "logger/csv.yaml": "# @package _global_\n# A table of the losses.\nlogger: {kind: csv}\n",
    "loss/arcface.yaml": "# Another job's: there is nothing in this one that it would change.\nmargin: 0.5\n",
}


class Model(Section):
    kind: str
    size: int = 0
    checkpoint: str = ""


class Rerank(Section):
    kind: str
    alpha: float = 0.7
    learned: bool = False


class Occlusion(Section):
    share: float = 0.5


class Query(Section):
    clean: dict[str, int] | None = None
    mask: Occlusion | None = None
    crop: Occlusion | None = None


class Evaluate(Section):
    seed: int
    model: Model
    query: Query
    rerank: Rerank
    output: Text
    limit: Any
    protocols: list[str]
    logger: dict[str, str] | None = None


class Train(Section):
    model: Model
    root: Text


SCHEMAS: dict[str, type[Section]] = {"evaluate": Evaluate, "train": Train}


def run_main(job: str, run: Callable[[Any], None], about: str, words: list[str], config_dir: Path) -> int:
    """The command line over these configs and their types."""
    return main(job, run, about, words, config_dir, SCHEMAS[job])


def never(settings: Section) -> None:
    """The ``run`` of a command line that must not get that far."""
    pytest.fail(f"ran with {settings}")


def configs_of(config_dir: Path, line: str) -> list[dict[str, Any]]:
    """Return the settings of every run of ``python evaluate.py <line>``, which must succeed."""
    configs: list[dict[str, Any]] = []

    def run(settings: Section) -> None:
        configs.append(settings.plain())

    assert run_main("evaluate", run, "Rank.", shlex.split(line), config_dir) == 0
    return configs
