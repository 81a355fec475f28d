"""Six photographs of three people: what a run used of them, what both stages found, and the settings of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.accounting import Account, Fates
from fdemd.data.evaluated import EvaluatedData
from fdemd.data.manifest import Manifest, Photograph
from fdemd.features import Features
from fdemd.metrics.intervals import Estimate
from fdemd.report.study_point import PointResult
from fdemd.retrieval.protocol import OFFICIAL, Labels
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import Comparison, compare_stages
from fdemd.scoring.study import Outcome
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import EmdRerank
from tests.runs.conftest import offline_runs, run_log
from tests.short_training import settings, tiny

__all__ = ["offline_runs", "run_log", "settings", "tiny"]

PEOPLE = ("anna", "bob", "carl")


@pytest.fixture
def manifest() -> Manifest:
    """Rows 0 to 3 are queries, the last without a face; rows 4 to 7 are the gallery, where carl is not."""
    names = ("anna", "bob", "carl", "anna", "anna", "anna", "bob", "bob")
    photographs = [
        Photograph(f"{row}.png", name, f"{row}.png", is_query=row < 4, is_gallery=row >= 4)
        for row, name in enumerate(names)
    ]
    return Manifest(Path("faces"), tuple(photographs))


@pytest.fixture
def data(manifest: Manifest) -> EvaluatedData:
    queries, gallery = Fates(4, 3, 1, 0, 0), Fates(4, 4, 0, 0, 0)
    account = Account(
        Fates(8, 7, 1, 0, 0), queries, gallery, 3, 3, several=0, ignored=0, twins=1, copies=0, strangers=0
    )
    rows = torch.arange(3), torch.tensor([3]), torch.arange(4, 8)
    return EvaluatedData(manifest, "0" * 64, account, *rows, left_out=(("3.png", "no face found", "none"),))


@pytest.fixture
def labels() -> dict[str, Labels]:
    """Of queries, missed queries and gallery; every photograph has a source of its own."""
    people = torch.tensor([0, 1, 2, 0, 0, 0, 1, 1])
    rows = {"query": slice(0, 3), "missed": slice(3, 4), "gallery": slice(4, 8)}
    return {name: Labels(people[of], torch.arange(8)[of], torch.arange(8)[of]) for name, of in rows.items()}


@pytest.fixture
def features() -> dict[str, Features]:
    """Stage 1 confuses anna with bob, whose patches are quite different; bob is found by both stages."""

    def of(embeddings: list[list[float]], patches: list[int]) -> Features:
        different = torch.eye(8).view(2, 4, 8)  # 2x2 patches of either person
        return Features(torch.tensor(embeddings), torch.stack([different[person] for person in patches]), (2, 2))

    query = of([[0.1, 1.0], [0.2, 1.0], [1.0, 1.0]], [0, 1, 0])
    gallery = of([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.3, 1.0]], [0, 0, 1, 1])
    return {"query": query, "gallery": gallery}


@pytest.fixture
def compared(labels: dict[str, Labels], features: dict[str, Features]) -> Callable[..., list[Comparison]]:
    """Compares both stages (the first alone without ``rerank``) under the official protocol."""

    def compare(kind: str = "mask", *, rerank: bool = True) -> list[Comparison]:
        stages = second_stages(EmdRerank(weighting="uniform", alpha=0.9, k=4) if rerank else None)
        search = TwoStageSearch(features["gallery"], labels["gallery"], stages)
        asked = features["query"], labels["query"]
        return compare_stages(search, kind, *asked, protocols=[OFFICIAL], missed=labels["missed"])

    return compare


@pytest.fixture
def evaluation() -> Callable[..., Evaluate]:
    """Settings of evaluate.py as a command line gives them."""
    return lambda *words: plan("evaluate", ["protocols=[official]", *words], CONFIG_DIR)[0].settings  # type: ignore


NO_SETTINGS = {"weighting": "", "patches": "", "grid": "", "alpha": "", "k": ""}
EMD = {"method": "emd", "weighting": "apc", "patches": "raw", "grid": "8x8", "alpha": 0.7, "k": 100}
FIGURES = {"P@1": Estimate(0.765, 0.67, 1.0), "RP": Estimate(0.5, 0.4, 0.6)}
GAINS = {"P@1": Estimate(0.05, -0.01, 0.1), "RP": Estimate(0.0, 0.0, 0.0)}


@pytest.fixture
def point(evaluation: Callable[..., Evaluate], data: EvaluatedData) -> PointResult:
    def outcome(facts: dict[str, Any], **measured: Any) -> Outcome:
        return Outcome("mask", "official", facts, FIGURES, 3, 1, 1, **{"seconds": None} | measured)

    outcomes = [outcome({"method": "stage 1", **NO_SETTINGS}), outcome(EMD, seconds=1.234, gains=GAINS)]
    rows = torch.arange(3), torch.tensor([3])
    return PointResult(evaluation("experiment=ood"), data, *rows, outcomes, "f" * 64, {"rank_and_rerank": 1.234})
