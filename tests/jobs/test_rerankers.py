"""Every re-ranker by ``rerank=NAME``, those of this package and another's; figures of another package too."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.short_training import quick

Run = Callable[..., tuple[int, str, Path]]

OTHERS = '''
from fdemd.retrieval.reranker import Reranker, Similarity, no_progress


class Euclidean(Reranker):
    """Nearest by the distance of embeddings."""

    def __init__(self, *, power: int = 1) -> None:
        self.power = power

    def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=no_progress):
        difference = query.embedding[:, None] - gallery.embedding[shortlist]
        on_progress(shortlist.numel())
        return Similarity(-(difference.norm(dim=2) ** self.power))


def second_place(hits, relevant):
    """Whether the second place is right."""
    return hits[:, 1].double()
'''
ENTRY_POINTS = "[fdemd.rerankers]\neuclidean = others:Euclidean\n[fdemd.metrics]\nsecond = others:second_place\n"


@pytest.fixture
def evaluate(run_evaluate: Run, few_people: Path) -> Run:
    """Runs evaluate.py on a few people; gives the status, what it printed, and the run's folder."""

    def call(*arguments: str) -> tuple[int, str, Path]:
        data = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "query=mask"]
        return run_evaluate("--rerank", *quick(*data, *arguments))

    return call


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs a package with a re-ranker and a figure, as pip would."""
    package = tmp_path / "site"
    info = package / "others-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "others.py").write_text(OTHERS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(package)


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "results.json").read_text())["results"]
    return found


def figures(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("P@1", "P@1 low", "P@1 high", "RP", "MAP@R", "queries")}


def test_a_re_ranker_by_its_name_gives_what_a_study_of_it_gives(evaluate: Run) -> None:
    methods = "study.methods=[{method: k_reciprocal, k1: 4, k2: 2}, {method: query_expansion, n: 2, k: 10}]"
    status, printed, folder = evaluate("experiment=ood", methods)
    assert status == 0, printed
    studied = {(row["protocol"], row["method"]): figures(row) for row in rows(folder)}
    for words in (("rerank=k_reciprocal", "k1=4", "k2=2"), ("rerank=query_expansion", "n=2", "k=10")):
        status, printed, folder = evaluate(*words)
        assert status == 0, printed
        name = words[0].partition("=")[2]
        single = {row["protocol"]: figures(row) for row in rows(folder) if row["stage"] == "stage 2"}
        assert single == {protocol: found for (protocol, method), found in studied.items() if method == name}
        assert f"Stage 2: alpha * {name}" in printed.replace("\n", " ")


def test_an_open_set_takes_any_re_ranker(evaluate: Run) -> None:
    status, printed, folder = evaluate("rerank=k_reciprocal", "experiment=open_set", "open_set.outside=0.6")
    assert status == 0, printed
    assert {row["stage"] for row in rows(folder)} == {"stage 1", "stage 2"}


def test_another_package_s_re_ranker_and_figure(evaluate: Run, others: None) -> None:
    words = ("rerank=euclidean", "rerank.power=2", "alpha=1", "metrics=[P@1,second]")
    status, printed, folder = evaluate(*words)
    assert status == 0, printed
    assert "Stage 2: alpha * euclidean + (1 - alpha) * cosine, power 2, alpha 1, k " in printed.replace("\n", " ")
    assert "second" in printed
    found = {row["stage"]: row for row in rows(folder)}
    assert {"second", "second low", "second high"} <= set(found["stage 2"])
    assert "RP" not in found["stage 2"]
    with (folder / "queries.csv").open(encoding="utf-8") as file:
        assert all(line["stage 2 name 1"] for line in csv.DictReader(file))

    status, printed, folder = evaluate(
        "experiment=ood", "study.methods=[{method: euclidean, power: [1, 2], alpha: 1}]", "metrics=[P@1,second]"
    )
    assert status == 0, printed
    assert [row["weighting"] for row in rows(folder) if row["method"] == "euclidean"] == ["power 1", "power 2"] * 2


def test_a_setting_that_another_package_s_re_ranker_has_not_is_told(evaluate: Run, others: None) -> None:
    status, printed, _ = evaluate("experiment=ood", "study.methods=[{method: euclidean, colour: red}]")
    assert status == 2
    assert "there is no setting rerank.colour." in printed.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rerank=k_reciprocl",), "did you mean k_reciprocal"),
        (("metrics=[P@2]",), "unknown metrics[0] 'P@2'"),
        (("rerank=query_expansion", "n=0"), "rerank.n is 0; it must be at least 1"),
        (("rerank=query_expansion", "rerank.weighting=apc"), "weighting"),
    ],
)
def test_mistakes_are_told(evaluate: Run, words: tuple[str, ...], sentence: str) -> None:
    status, printed, _ = evaluate(*words)
    assert status == 2
    assert sentence in printed.replace("\n", " ")
