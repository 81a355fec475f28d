"""What another package brings is used from the command line like fdemd's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins import write_package

MODULE = '''
import torch
from torch import nn

from fdemd.backbones.backbone import Backbone
from fdemd.features import Features


class GreyNet(Backbone):
    """Patches are means of squares; the embedding is a random projection of them."""

    face_size, alignment = (64, 64), "dlib"
    weights_sha256 = "random"

    def __init__(self, *, side: int = 4, seed: int = 0) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(side)
        torch.manual_seed(seed)
        self.embed = nn.Linear(3 * side * side, 32)

    def forward(self, faces):
        patches = self.pool(faces)
        grid = tuple(patches.shape[2:])
        return Features(self.embed(patches.flatten(1)), patches.flatten(2).transpose(1, 2), grid)
'''

Fdemd = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def fdemd(tmp_path_factory: pytest.TempPathFactory) -> Fdemd:
    """Runs the command ``fdemd`` where the package is installed."""
    packages = write_package(
        tmp_path_factory.mktemp("site-packages"), MODULE, {"backbones": {"grey": "GreyNet", "broken": "NoSuchNet"}}
    )

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(packages), *sys.path])
        return subprocess.run(
            [sys.executable, "-m", "fdemd", *arguments],
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_help_lists_it(fdemd: Fdemd) -> None:
    assert "      grey           plug-in plugged_in:GreyNet" in fdemd("evaluate", "--help").stdout


def test_a_network_from_outside(fdemd: Fdemd, few_people: Path, tmp_path: Path) -> None:
    data = ("data=folder", f"data.root={few_people}", "query=clean", f"output={tmp_path}", "logger=none")

    done = fdemd("evaluate", "--rerank", "model=grey", "model.side=3", *data)

    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.iterdir()
    assert folder.name.endswith("grey-folder")
    assert "backbone: grey\n  side: 3\n  seed: 0" in (folder / "config.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model=gray"], "unknown model 'gray' (did you mean grey?); choose one of arcface, broken,"),
        (["model=grey", "model.side=x"], "model.side takes a whole number, not 'x'."),
        (["model=grey", "model.sdie=3"], "unknown key 'model.sdie' (did you mean model.side or"),
        (["model=broken"], "the plug-in broken of fdemd.backbones (plugged_in:NoSuchNet) cannot be imported: Attr"),
    ],
)
def test_a_mistake_is_told_as_with_any_other_network(fdemd: Fdemd, words: list[str], sentence: str) -> None:
    done = fdemd("evaluate", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"evaluate: {sentence}")
