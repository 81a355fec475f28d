"""A plug-in that is edited between two runs gives new figures, although the cache holds what it made before."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins import write_package

MODULE = """
import albumentations
import torch
from torch import nn

from fdemd.backbones.backbone import Backbone
from fdemd.features import Features
from fdemd.retrieval.reranker import Reranker, Similarity


class SquareNet(Backbone):
    face_size, alignment, weights_sha256 = (64, 64), "dlib", "random"

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(8)

    def forward(self, faces):
        patches = self.pool(faces)
        return Features(patches.flatten(1), patches.flatten(2).mT, (8, 8))


class Alike(Reranker):
    def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=None):
        alike = query.patches[:, None] * gallery.patches[shortlist]
        return Similarity(alike.float().sum(-1).mean(-1))

    def stored_as(self):
        return {"measure": "alike"}


def turned(size):
    return [albumentations.Rotate((30, 30), p=1)]
"""
ENTRY_POINTS = {
    "backbones": {"my_net": "SquareNet"},
    "rerankers": {"my_order": "Alike"},
    "queries": {"my_turn": "turned"},
}


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [
        ("kind of query", "(30, 30)", "(90, 90)"),
        ("network", "nn.AvgPool2d", "nn.MaxPool2d"),
        ("re-ranker", ".mean(-1)", ".amin(-1)"),
    ],
)
def test_an_edited_plug_in_gives_new_figures(
    what: str,
    before: str,
    after: str,
    run_evaluate: Callable,
    few_people: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packages = write_package(tmp_path / "site-packages", MODULE, ENTRY_POINTS)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # or an edit within a second, to the same length, is missed

    def figures() -> tuple[str, list[list[float]]]:
        sys.modules.pop("plugged_in", None)  # as in a new process
        status, printed, folder = run_evaluate(
            "experiment=ood",
            "model=my_net",
            "study.methods=[{method: my_order, alpha: 1, k: 5}]",
            "query=[my_turn]",
            "data=folder",
            f"data.root='{few_people}'",
            f"data.cache='{tmp_path / 'cache'}'",
            "data.num_workers=0",
        )
        assert status == 0, printed
        rows = json.loads((folder / "results.json").read_text())["results"]
        return printed, [[row[name] for name in ("P@1", "RP", "MAP@R")] for row in rows]

    _, first = figures()
    printed, again = figures()
    assert "clean, my_turn from an earlier run" in printed
    assert again == first
    module = packages / "plugged_in.py"
    module.write_text(module.read_text().replace(before, after))
    _, edited = figures()
    assert edited != first, what
