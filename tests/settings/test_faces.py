"""Sections ``data`` and ``augment``: the network and detector that data bring, and what is refused in a sentence."""

import pytest

from fdemd.cli.command_line import plan
from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("job", "line", "network", "detector"),
    [
        ("evaluate", "data=folder", "sface", "yunet"),
        ("train", "data=folder", "sface", "yunet"),
        ("evaluate", "experiment=ood data=folder", "sface", "yunet"),
        ("evaluate", "model=dlib data=folder", "dlib", "yunet"),
        ("evaluate", "data=folder model=dlib data.detector=dlib", "dlib", "dlib"),
        ("evaluate", "data=folder experiment=table2", "arcface", "yunet"),
        ("train", "data=folder experiment=paper_finetune", "arcface", "yunet"),
    ],
)
def test_a_folder_takes_the_strongest_unless_others_are_named(job: str, line: str, network: str, detector: str) -> None:
    (point,) = plan(job, [*line.split(), "data.root=people"])
    assert (point.settings.model.backbone, point.settings.data.detector) == (network, detector)


@pytest.mark.parametrize("line", ["", "data=orl", "data=lfw", "experiment=ood", "experiment=table1", "data=lfw_pairs"])
def test_published_figures_keep_their_network_and_detector(line: str) -> None:
    (point,) = plan("evaluate", line.split())
    assert (point.settings.model.backbone, point.settings.data.detector) == ("dlib", "dlib")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("data.batch_size=0", "data.batch_size is 0; a batch has at least 1 face."),
        ("data.num_workers=-1", "data.num_workers is -1; it must be 0 (no extra process) or more."),
        ("data.root=", "data.root is ''; it must be a path (. is the folder you are in)."),
        ("data.cache=", "data.cache is ''; it must be a path (. is the folder you are in)."),
        ("data.detector=hog", "unknown data.detector 'hog'; choose one of dlib, mtcnn, yunet."),
    ],
)
def test_a_wrong_setting_is_told(line: str, sentence: str, told: Told) -> None:
    assert told("evaluate", line).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("data.mask_share=2", "data.mask_share is 2; it must lie between 0 (no face) and 1 (every face)."),
        ("augment.crop=0.95", "augment.crop is 0.95; it must lie between 0 (nothing is cut off) and 0.9."),
    ],
)
def test_a_wrong_setting_is_told_to_a_training(line: str, sentence: str, told: Told) -> None:
    assert told("train", line).startswith(sentence)
