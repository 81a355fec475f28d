"""Trainings of a second or two on a few real people, for the tests of all rooms that need one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fdemd.backbones import BACKBONES, Backbone
from fdemd.checkpoints.training_state import read_checkpoint
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.features import Features
from fdemd.jobs.finetune import Finetuned, finetune

ROOT = Path(__file__).resolve().parents[1]


class Tiny(Backbone):
    """A network that trains in no time, with all that makes a resumed run differ: batch statistics and dropout."""

    face_size = (32, 32)
    alignment = "dlib"
    weights_sha256 = "random"

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.PReLU(8), nn.Dropout(0.2))
        self.embed = nn.Linear(8 * 49, 16)

    def forward(self, faces: Tensor) -> Features:
        maps = self.layers(faces - 0.5)
        return Features(self.embed(maps.flatten(1)), maps.flatten(2).mT.contiguous(), (7, 7))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """``model=dlib`` is the tiny network."""
    monkeypatch.setitem(BACKBONES, "dlib", Tiny)


def quick(*words: object) -> list[str]:
    """A command on a folder of photographs, by dlib's network and detector, the quickest, unless it names a network."""
    told = [str(word) for word in words]
    named = any(word.startswith("model=") for word in told)
    return told if named or "data=folder" not in told else ["model=dlib", "data.detector=dlib", *told]


@pytest.fixture
def settings(tmp_path: Path, few_people: Path) -> list[str]:
    """A small run on five people, two of them kept for validation."""
    return [
        "model=dlib",
        "data=folder",
        "data.detector=dlib",
        f"data.root='{few_people}'",
        f"output='{tmp_path / 'out'}'",
        "data.num_workers=0",
        "data.batch_size=4",
        "data.mask_share=0.5",
        "validation.people=2",
        "validation.every=5",
        "trainer=cpu",
        "trainer.max_steps=20",
        "logger=none",
    ]


def train(*settings: str) -> Finetuned:
    """Train as ``train.py`` does with these words."""
    (point,) = plan("train", settings, CONFIG_DIR)
    return finetune(point.settings)


def weights_of(checkpoint: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint, by name."""
    return read_checkpoint(checkpoint)["state_dict"]


def same_weights(one: Path, other: Path) -> bool:
    """Whether two checkpoints hold the same weights, but for rounding."""
    first, second = weights_of(one), weights_of(other)
    return first.keys() == second.keys() and all(torch.allclose(first[key], second[key], atol=1e-6) for key in first)
