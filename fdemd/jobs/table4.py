"""Table 4 of the paper: is it better to finetune on masked faces, or to re-rank? Both, from one codebase."""

from __future__ import annotations

from pathlib import Path

from fdemd.jobs.train_and_evaluate import evaluate_checkpoint, split_people_for_test, train, training_settings
from fdemd.jobs.trainings import check_training_word
from fdemd.report.labels import model_label
from fdemd.report.table4 import Table4
from fdemd.runs.files import run_folder
from fdemd.settings.faces import Data
from fdemd.settings.jobs import Evaluate


def table4(settings: Evaluate) -> Table4:
    """Evaluate the pretrained weights and every finetuned ones, and compare; all in one new folder.

    The trained weights are those of the last step: nothing is selected, least of all on the people of the test.

    Args:
        settings: Settings with the section ``table4``.

    Raises:
        InputError: as :func:`fdemd.jobs.evaluate.evaluate` and :func:`fdemd.jobs.finetune.finetune`.
    """
    section = settings.table4
    assert section is not None
    for word in section.training:
        check_training_word("table4.training", word)
    with run_folder(Path(settings.output), f"table4-{model_label(settings.model)}-{settings.data.name}") as folder:
        tested: Data = settings.data
        checkpoints, counts, split = [Path(path) for path in section.finetuned], None, None
        if not checkpoints:
            split = split_people_for_test(
                settings, section.test_people, settings.seed, folder, setting="table4.test_people"
            )
            tested, counts = split.test, split.counts
        # First, since its mistakes would otherwise be told after hours of training.
        pretrained = evaluate_checkpoint(settings, tested, None, folder / "pretrained")
        if split:
            checkpoints = [
                train(training_settings(settings, split.training, section.training, seed, folder / "training"))
                for seed in section.seeds
            ]
        finetuned = [
            evaluate_checkpoint(settings, tested, str(path), folder / "finetuned").comparisons for path in checkpoints
        ]
        paths = [str(path) for path in checkpoints]
        table = Table4(settings, pretrained.comparisons, finetuned, paths, pretrained.data.account, counts)
        table.write(folder)
    return table
