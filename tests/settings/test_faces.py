"""Sections ``data`` and ``augment``: what they refuse, in a sentence."""

import pytest

from tests.settings.conftest import Told


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
