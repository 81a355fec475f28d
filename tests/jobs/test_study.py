import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

import fdemd.retrieval.reranker_emd
from fdemd.embedding.data import EmbeddedData
from fdemd.errors import InputError
from fdemd.jobs.study import _sampled
from tests.short_training import quick


@pytest.fixture
def study(run_evaluate, few_people: Path):
    """Runs an experiment on a few people; gives the status, what it printed, and the run's folder if it made one."""

    def call(*arguments: str) -> tuple[int, str, Path]:
        data = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0"]
        return run_evaluate("--rerank", *quick(*data, "query=[clean,mask]", *arguments))

    return call


def rows(folder: Path) -> list[dict]:
    return json.loads((folder / "results.json").read_text())["results"]


def figures(row: dict) -> dict:
    return {name: row[name] for name in ("P@1", "P@1 low", "P@1 high", "RP", "MAP@R", "queries")}


ALPHAS = (
    "study.methods=[{method: emd, alpha: [0, 0.7]}, {method: k_reciprocal, k1: 4, k2: 2}, {method: query_expansion}]"
)


def test_every_method_stands_beside_the_same_first_stage(study) -> None:
    status, printed, folder = study("experiment=ood", ALPHAS)
    assert status == 0, printed
    found = {(row["protocol"], row["query"], row["method"], row["alpha"]): row for row in rows(folder)}
    for protocol, query in (("leave-one-out", "clean"), ("leave-twin-out", "mask"), ("official", "mask")):
        first, same = found[protocol, query, "stage 1", ""], found[protocol, query, "emd", 0]
        assert figures(same) == figures(first), "alpha 0 is stage 1"
        for name, alpha in (("emd", 0.7), ("k_reciprocal", 0.7), ("query_expansion", 1.0)):
            best = found[protocol, query, "maximum", ""]
            assert found[protocol, query, name, alpha]["P@1"] <= best["P@1"]
    status, _, folder = study("rerank.alpha=0.7")
    single = {(row["protocol"], row["query"]): row for row in rows(folder) if row["stage"] == "stage 2"}
    for key, row in single.items():
        assert figures(found[(*key, "emd", 0.7)]) == figures(row), "as a run of that method alone"


def test_a_study_leaves_tables_figures_and_one_page(study) -> None:
    _, printed, folder = study("experiment=alpha_sweep", "study.methods=[{method: emd, alpha: [0, 0.5, 1]}]")
    assert str(folder) in printed.replace("\n", "")
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "results.csv",
        "results.json",
        "results.md",
        "figure.png",
        "figure.svg",
        "report.html",
        "config.yaml",
    }
    with (folder / "results.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(rows(folder))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "data:image/svg+xml;base64," in page
    assert not re.search(r"(src|href)=[\"'](?!data:)|@import|url\(", page), "a page asks for nothing"
    assert "leave-twin-out" in page


def test_what_was_computed_is_not_computed_again(study, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, first = study("experiment=ood", "study.methods=[{method: emd, weighting: sc, alpha: 0.7}]")
    compute = fdemd.retrieval.reranker_emd.emd_similarity

    def trial_only(query, gallery, candidates, **settings):
        assert candidates.numel() == 1, "computed again"
        return compute(query, gallery, candidates, **settings)

    monkeypatch.setattr(fdemd.retrieval.reranker_emd, "emd_similarity", trial_only)
    status, _, second = study(
        "experiment=ood", "study.methods=[{method: emd, weighting: sc, alpha: [0.2, 0.7], k: 100}]"
    )
    assert status == 0
    assert [row for row in rows(second) if row["alpha"] == 0.7] == [row for row in rows(first) if row["alpha"] == 0.7]


def test_a_sample_of_queries_and_the_whole_gallery(study) -> None:
    methods = "study.methods=[{method: emd, k: [all, 100], alpha: 1}]"
    status, printed, folder = study("experiment=stage1_emd", "study.sample=7", methods)
    assert status == 0, printed
    found = rows(folder)
    assert {row["queries"] for row in found} == {7}
    whole, shortlist = (
        [figures(row) for row in found if row["method"] == "emd" and row["k"] == k] for k in ("all", 100)
    )
    assert whole == shortlist, "a gallery of 20 faces is a shortlist"


def test_a_sample_without_a_face_is_told() -> None:
    faces = SimpleNamespace(
        query_rows=torch.arange(4), missed_rows=torch.arange(4, 20), manifest=SimpleNamespace(root=Path("people"))
    )
    data = cast(EmbeddedData, SimpleNamespace(faces=faces))
    with pytest.raises(InputError) as error:
        _sampled(data, 1, seed=0)
    assert str(error.value) == (
        "None of the 1 queries drawn from people has a face that was found; raise study.sample."
    )
    rows, missed = _sampled(data, 17, seed=0)
    assert len(rows) >= 1
    assert len(rows) + len(missed) == 17


def test_several_networks_in_one_report(study) -> None:
    points = 'study.points=[["model=dlib"],["model=timm","model.name=resnet10t"]]'
    status, printed, folder = study("experiment=ood", points, "query=[clean]", "study.methods=[{method: emd}]")
    assert status == 0, printed
    assert {row["model"] for row in rows(folder)} == {"dlib", "timm-resnet10t"}
    assert len(list(folder.glob("figure_*.png"))) == 2


@pytest.mark.slow
def test_the_study_of_trust_has_the_plain_gallery_and_one_with_copies(study) -> None:
    status, printed, folder = study("experiment=trust", "query=[clean,mask]", "study.methods=[{method: emd, k: 3}]")
    assert status == 0, printed
    kinds = [row["copies"] for row in rows(folder)]
    assert kinds == sorted(kinds), "one after the other"
    assert set(kinds) == {"", "mask + sunglass + crop"}
    assert "enrolled with copies: mask, sunglass, crop." in (folder / "report.html").read_text()


def test_a_logger_gets_the_figures_of_every_method_under_a_name_of_its_own(study) -> None:
    methods = "study.methods=[{method: emd, alpha: [0.3, 0.7]}]"
    status, printed, folder = study("experiment=ood", "query=[clean]", "logger=csv", methods)
    assert status == 0, printed
    (log,) = folder.rglob("metrics.csv")
    with log.open(encoding="utf-8") as file:
        names = {name for name in next(csv.reader(file)) if name.endswith("/P@1")}
    assert len(names) == len(rows(folder)) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rerank=none"], "rerank"),
        (["study.methods=[{method: emd, weighting: cc, grid: [99, 99]}]"], "grid"),
        (["study.methods=[{method: emd, patches: projected}]"], "no share"),
        (["study.sample=0"], "at least 1"),
        (["stage1=faiss_flat"], "exact"),
        (["study.paper=table9"], "table1"),
        (['study.points=[["k=10"]]'], "k; a word begins with a section"),
        (['study.points=[["--no-rerank"]]'], "a word begins with a section"),
        (['study.points=[["data=lfw_pairs"]]'], "data=lfw_pairs is a list of pairs for job=verify"),
        (['study.points=[["rerank.k=10,20"]]'], "give each value a point"),
    ],
)
def test_mistakes_are_told_before_anything_is_embedded(study, words: list[str], said: str) -> None:
    status, printed, folder = study("experiment=ood", *words)
    assert status == 2
    assert said in printed.replace("\n", " ")
    assert "Traceback" not in printed
    assert not folder.exists() or not any(folder.iterdir())
