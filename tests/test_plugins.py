"""What another package brings is used from the command line like fdemd's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.plugins import write_package

MODULE = '''
import albumentations
import torch
from torch import nn

from fdemd.backbones.backbone import Backbone
from fdemd.features import Features
from fdemd.retrieval.reranker import Reranker, Similarity, no_progress


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


class Nearest(Reranker):
    """Minus the Euclidean distance of embeddings, divided by a temperature."""

    pairwise = True

    def __init__(self, *, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=no_progress):
        difference = query.embedding[:, None] - gallery.embedding[shortlist]
        return Similarity(-difference.norm(dim=2) / self.temperature)


def mirrored(size, *, share: float = 1.0):
    """A kind of query: faces seen in a mirror."""
    return [albumentations.HorizontalFlip(p=share)]


def in_first_three(hits, relevant):
    """Whether one of the first three is the person."""
    return hits[:, :3].any(dim=1).double()
'''

ENTRY_POINTS = {
    "backbones": {"grey": "GreyNet", "broken": "NoSuchNet"},
    "rerankers": {"nearest": "Nearest"},
    "queries": {"mirrored": "mirrored"},
    "metrics": {"first-three": "in_first_three"},
}

Fdemd = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def fdemd(tmp_path_factory: pytest.TempPathFactory) -> Fdemd:
    """Runs the command ``fdemd`` where the package is installed."""
    packages = write_package(tmp_path_factory.mktemp("site-packages"), MODULE, ENTRY_POINTS)

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


def test_help_lists_all_choices(fdemd: Fdemd) -> None:
    help_text = fdemd("evaluate", "--help").stdout
    for what in ("GreyNet", "Nearest", "mirrored"):
        assert f"plug-in plugged_in:{what}\n" in help_text


def test_all_four_from_outside_in_one_command(fdemd: Fdemd, few_people: Path, tmp_path: Path) -> None:
    data = ("data=folder", f"data.root={few_people}", "data.num_workers=0", f"output={tmp_path}", "logger=none")
    network = ("model=grey", "model.side=3")
    reranking = ("--rerank", "rerank=nearest", "rerank.temperature=0.5", "rerank.alpha=0.7", "rerank.k=5")

    done = fdemd("evaluate", *network, *reranking, "query=[clean,mirrored]", "metrics=[P@1,first-three]", *data)

    assert done.returncode == 0, done.stderr
    assert "first-three" in done.stdout
    assert "mirrored" in done.stdout
    (folder,) = tmp_path.iterdir()
    assert folder.name.endswith("grey-folder")
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert config["model"] == {"backbone": "grey", "side": 3, "seed": 0}
    assert config["rerank"] == {"method": "nearest", "alpha": 0.7, "k": 5, "calibration": None, "temperature": 0.5}
    assert config["query"] == {"clean": {}, "mirrored": {"share": 1.0}}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model=gray"], "unknown model 'gray' (did you mean grey?); choose one of arcface, broken,"),
        (["model=grey", "model.side=x"], "model.side takes a whole number, not 'x'."),
        (["model=grey", "model.sdie=3"], "unknown key 'model.sdie' (did you mean model.side or"),
        (["rerank=nearest", "rerank.temperature=warm"], "rerank.temperature takes a number, not 'warm'."),
        (["model=broken"], "the plug-in broken of fdemd.backbones (plugged_in:NoSuchNet) cannot be imported: Attr"),
    ],
)
def test_a_mistake_is_told_as_with_any_other_network(fdemd: Fdemd, words: list[str], sentence: str) -> None:
    done = fdemd("evaluate", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"evaluate: {sentence}")
