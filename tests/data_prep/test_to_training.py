"""From a download to finetuned weights: CASIA's tree, prepared, verified, masked, trained on."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.checkpoints.training_state import read_checkpoint
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.manifest import Manifest
from fdemd.jobs.finetune import LAST, finetune
from tests.data_prep.conftest import picture, write_tree

Outcome = tuple[int, str]


@pytest.fixture
def casia(prepare: Callable[..., Manifest], tmp_path: Path) -> Manifest:
    """Four people with two photographs each, as the archive has them: ``CASIA-WebFace/0000045/001.jpg``."""
    files = {
        f"CASIA-WebFace/{45 + person:07d}/{number:03d}.jpg": picture(person, number)
        for person in range(4)
        for number in (1, 2)
    }
    return prepare("casia", write_tree(tmp_path / "download", files))


@pytest.mark.parametrize("masked", [False, True])
def test_casia_and_its_masked_copies_train_the_default_network(
    casia: Manifest, masked: bool, data_prep: Callable[..., Outcome], tmp_path: Path
) -> None:
    manifest = casia.root / "manifest.csv"
    if masked:
        status, printed = data_prep("mask", manifest, "--out", tmp_path / "masked", "--workers", 1)
        assert status == 0, printed
        manifest = tmp_path / "masked" / "mask.csv"
    words = [
        f"data={'casia_masked' if masked else 'casia'}",
        f"data.manifest='{manifest}'",
        f"output='{tmp_path / 'out'}'",
    ]
    words += ["trainer.max_steps=2", "validation.people=2", "validation.every=2", "data.batch_size=4"]
    (point,) = plan("train", [*words, "data.num_workers=0", "trainer=cpu", "logger=none"], CONFIG_DIR)
    done = finetune(point.settings)
    weights = read_checkpoint(done.checkpoint(LAST))["state_dict"]
    assert weights["criterion.head.weight"].shape == (2, 128)
    assert all(torch.isfinite(value).all() for value in weights.values())
    with (done.folder / "validation.csv").open(newline="") as file:
        held_out = list(csv.DictReader(file))
    assert len(held_out) == 4
    assert not any(row["path"].startswith("mask/") for row in held_out), "validation is with originals"
