"""Table 4 of the paper: is it better to finetune on masked faces, or to re-rank? Both, from one codebase."""

from __future__ import annotations

from pathlib import Path

from fdemd.jobs.train_and_test import evaluated, people_apart, trained, training_config
from fdemd.report.labels import model_label
from fdemd.report.table4 import Table4
from fdemd.runs.files import run_folder
from fdemd.settings.jobs import Evaluate


def table4(settings: Evaluate) -> Table4:
    """Evaluate the pretrained weights and every finetuned ones, and compare; all in one new folder.

    The trained weights are those of the last step: nothing is selected, least of all on the people of the test.

    Raises:
        InputError: as :func:`fdemd.jobs.evaluate.evaluate` and :func:`fdemd.jobs.finetune.finetune`.
    """
    config = settings.plain()
    wanted = config["table4"]
    label = f"table4-{model_label(settings.model)}-{settings.data.name}"
    with run_folder(Path(str(config["output"])), label) as folder:
        tested, evaluation = dict(config["data"]), {key: value for key, value in config.items() if key != "table4"}
        checkpoints, apart = [Path(str(path)) for path in wanted["finetuned"]], None
        if not checkpoints:
            people = people_apart(config, wanted["test_people"], config["seed"], folder, setting="table4.test_people")
            training, tested, apart = people.training, people.test, people.counts
            checkpoints = [
                trained(training_config(evaluation, training, wanted["training"], seed, folder / "training"))
                for seed in wanted["seeds"]
            ]
        pretrained = evaluated(evaluation, tested, None, folder / "pretrained")
        finetuned = [evaluated(evaluation, tested, str(path), folder / "finetuned").comparisons for path in checkpoints]
        paths = [str(path) for path in checkpoints]
        table = Table4(settings, pretrained.comparisons, finetuned, paths, pretrained.data.account, apart)
        table.write(folder)
    return table
