"""The package in CONTRIBUTING.md brings a network, a re-ranker, a kind of query and a figure that fdemd takes."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import fdemd
from fdemd.cli.command_line import plan
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.queries import QueryMaker
from fdemd.metrics.identification import metrics_named
from fdemd.retrieval.rerankers import build_reranker
from fdemd.settings.jobs import Evaluate

pytestmark = pytest.mark.checkout
TEXT = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = TEXT[TEXT.index("## From another package") :]


def block(language: str) -> str:
    """The first block of code of the section."""
    found = re.search(rf"^```{language}\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the package for one test, as pip would: its module, and the folder that names its entry points."""
    (tmp_path / "my_faces.py").write_text(block("python"))
    info = tmp_path / "my_faces-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-faces\nVersion: 1.0\n")
    groups = re.findall(r'^\[project\.entry-points\."(fdemd\.\w+)"\]\n(\w+) = "(\S+)"', block("toml"), re.MULTILINE)
    (info / "entry_points.txt").write_text("".join(f"[{group}]\n{name} = {at}\n" for group, name, at in groups))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_faces", raising=False)


@pytest.fixture
def settings() -> Evaluate:
    (point,) = plan("evaluate", shlex.split(block("bash"))[2:])
    return point.settings


def test_the_network(settings: Evaluate) -> None:
    named = settings.model.plain()
    network = fdemd.create_backbone(named.pop("backbone"), **named)
    features = network(torch.zeros(2, 3, *network.face_size))
    assert features.patches.shape == (2, 49, 16)


def test_the_reranker(settings: Evaluate) -> None:
    features = fdemd.Features(torch.eye(3), torch.ones(3, 4, 2), (2, 2))
    found = build_reranker(settings.rerank).similarity(features[:1], features, torch.tensor([[0, 2]]))
    torch.testing.assert_close(found.values, torch.tensor([[0.0, -(2**0.5) / 2]]))


def test_the_kind_of_query(settings: Evaluate) -> None:
    face = AlignedFace(np.zeros((10, 10, 3), np.uint8), np.ones((68, 2), np.float32))
    made = QueryMaker("my_scarf", (10, 10), 0, settings.query["my_scarf"])(face, "Ann/1.jpg")
    assert (made.image.any(axis=(1, 2)) == [False] * 6 + [True] * 4).all()


def test_the_figure(settings: Evaluate) -> None:
    hits = torch.arange(7).expand(2, 7) == torch.tensor([[4], [5]])
    figures = metrics_named(settings.metrics)
    assert figures["my_top5"](hits, torch.tensor([1, 1])).tolist() == [1, 0]
