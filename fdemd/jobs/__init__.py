"""Jobs: one file each, and the table of them. The setting ``job`` names the one that is run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fdemd.settings.jobs import Evaluate, Train

__all__ = ["JOBS", "Job", "run"]


@dataclass(frozen=True)
class Job:
    """An entry of the table.

    Attributes:
        config: The primary config that has its settings, and the command that runs it: ``evaluate`` or ``train``.
        function: What runs it, as ``module:function``; imported when it is run, since that takes seconds.
        summary: What it does, in a line.
        trains: Whether it trains a network.
    """

    config: str
    function: str
    summary: str
    trains: bool = False


JOBS = {
    "evaluate": Job("evaluate", "fdemd.jobs.evaluate:evaluate", "rank a gallery for every query, and re-rank"),
    "verify": Job("evaluate", "fdemd.jobs.verify:verify", "compare pairs of photographs: data=lfw_pairs"),
    "study": Job("evaluate", "fdemd.jobs.study:study", "ways to re-rank side by side: experiment=ood"),
    "open_set": Job(
        "evaluate", "fdemd.jobs.open_set:open_set", "search for people who may be unknown: experiment=open_set"
    ),
    "seeds": Job(
        "evaluate",
        "fdemd.jobs.seeds:trials",
        "train and compare with other seeds, other people each: experiment=seeds",
        trains=True,
    ),
    "table4": Job(
        "evaluate",
        "fdemd.jobs.table4:table4",
        "finetuning or re-ranking, by the checkpoints given or trained here: experiment=table4_orl",
        trains=True,
    ),
    "train": Job("train", "fdemd.jobs.finetune:finetune", "finetune a network", trains=True),
}
"""By the name that the setting ``job`` gives."""


def run(settings: Evaluate | Train) -> Any:
    """Run the job that the settings name, and return its report.

    Raises:
        InputError: A setting, a file or the data cannot be used.
    """
    from fdemd.jobs.named_files import check_named_files

    check_named_files(settings)
    module, _, function = JOBS[settings.job].function.partition(":")
    return getattr(import_module(module), function)(settings)
