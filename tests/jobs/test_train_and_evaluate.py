"""The steps of a comparison: who is trained on and tested, and the settings that each training gets."""

from pathlib import Path

import pytest

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.manifest_file import read_manifest
from fdemd.errors import InputError
from fdemd.jobs.train_and_evaluate import PeopleSplit, split_people_for_test, training_settings
from fdemd.settings.jobs import Evaluate


@pytest.fixture
def evaluation(few_people: Path) -> Evaluate:
    """Settings of an evaluation on five people."""
    words = [
        "model=dlib",
        "data=folder",
        f"data.root='{few_people}'",
        "data.batch_size=6",
        "data.num_workers=0",
        "trainer=cpu",
    ]
    (point,) = plan("evaluate", [*words, "logger=none", "model.grid=4"], CONFIG_DIR)
    return point.settings


@pytest.fixture
def split(evaluation: Evaluate, tmp_path: Path) -> PeopleSplit:
    """Three people to train on, two to test."""
    return split_people_for_test(evaluation, 2, 0, tmp_path, setting="trials.test_people")


def people(manifest: str) -> set[str]:
    return {photograph.identity for photograph in read_manifest(Path(manifest)).photographs}


def test_nobody_is_trained_on_and_tested(split: PeopleSplit, evaluation: Evaluate) -> None:
    assert len(people(split.training.manifest)) == 3
    assert len(people(split.test.manifest)) == 2
    assert not people(split.training.manifest) & people(split.test.manifest)
    assert split.counts == {"photographs": 20, "to_train_on": 12, "to_test": 8, "in_neither_part": 0}
    assert split.training.batch_size == evaluation.data.batch_size


def test_an_earlier_split_is_kept_or_refused(split: PeopleSplit, evaluation: Evaluate, tmp_path: Path) -> None:
    assert split_people_for_test(evaluation, 2, 0, tmp_path, setting="trials.test_people") == split
    with pytest.raises(InputError, match="lists other photographs than the data and settings now give"):
        split_people_for_test(evaluation, 3, 0, tmp_path, setting="trials.test_people")


@pytest.mark.parametrize(("people", "sentence"), [(0, "trials.test_people is 0"), (4, "trials.test_people is 4, but")])
def test_too_few_people_are_told(people: int, sentence: str, evaluation: Evaluate, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        split_people_for_test(evaluation, people, 0, tmp_path, setting="trials.test_people")


def test_a_training_has_the_network_the_device_and_the_loading_of_the_evaluation(
    split: PeopleSplit, evaluation: Evaluate, tmp_path: Path
) -> None:
    settings = training_settings(evaluation, split.training, ["loss=cosface"], 7, tmp_path)
    assert settings.model == evaluation.model
    assert settings.loss.head == "cosface"
    assert settings.validation.people == 0
    assert (settings.seed, settings.output) == (7, str(tmp_path))
    assert (settings.data.batch_size, settings.data.num_workers) == (6, 0)
    assert (settings.trainer.accelerator, settings.logger.kind) == ("cpu", "none")


def test_words_of_a_training_stand_above_the_evaluation(
    split: PeopleSplit, evaluation: Evaluate, tmp_path: Path
) -> None:
    words = ["data.batch_size=3", "data.mask_share=0.5", "trainer.precision=bf16-mixed", "trainer.max_steps=4"]
    settings = training_settings(evaluation, split.training, words, 0, tmp_path)
    assert (settings.data.batch_size, settings.data.mask_share) == (3, 0.5)
    assert (settings.trainer.precision, settings.trainer.max_steps) == ("bf16-mixed", 4)
    assert settings.trainer.accelerator == "cpu"
