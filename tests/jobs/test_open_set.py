"""evaluate.py experiment=open_set as a user runs it, on a few real people."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.embedding.data import build_network, describe_data
from tests.short_training import quick

Outcome = tuple[int, str, Path]
THREE_OF_FIVE = "open_set.outside=0.6"
"""12 non-mated searches: enough for an FPIR of 0.1."""


@pytest.fixture
def evaluate(run_evaluate, few_people: Path):
    """Runs the experiment, on ``few_people`` if nothing else is said; gives status, what it printed and its folder."""

    def call(*arguments: str, faces: Path = few_people) -> Outcome:
        given = ["experiment=open_set", "data=folder", f"data.root='{faces}'", "data.num_workers=0", *arguments]
        status, printed, folder = run_evaluate(*quick(*given))
        return status, " ".join(printed.split()), folder

    return call


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text())


def test_a_run_leaves_everything_behind(evaluate) -> None:
    status, printed, folder = evaluate("query=[clean,mask]", THREE_OF_FIVE)
    assert status == 0, printed
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml",
        "det.png",
        "det.svg",
        "left_out.csv",
        "queries.csv",
        "report.html",
        "results.csv",
        "results.json",
        "results.md",
    }
    assert str(folder) in printed
    assert "N: 8 gallery faces of 2 people. Outside: 3 people" in printed
    assert "R = 1" in printed
    facts = results(folder)
    assert {(row["protocol"], row["query"], row["stage"]) for row in facts["results"]} == {
        (protocol, kind, stage)
        for protocol, kind in (("leave-one-out", "clean"), ("leave-twin-out", "mask"), ("official", "mask"))
        for stage in ("stage 1", "stage 2")
    }
    for row in facts["results"]:
        assert (row["mated"], row["non-mated"], row["lone"]) == (8, 12, 0)
        assert row["FPIR@0.1"] <= 100 / 12 + 1e-3 or row["query"] != "clean"
        assert row["FNIR@0.1 low"] <= row["FNIR@0.1"] <= row["FNIR@0.1 high"]
        assert row["T@0.01"] is None
    lines = list(csv.DictReader((folder / "results.csv").open()))
    assert [float(line["FNIR@0.1"]) for line in lines] == [row["FNIR@0.1"] for row in facts["results"]]


def test_every_search_is_listed_and_gives_the_figures(evaluate) -> None:
    status, printed, folder = evaluate("query=[clean,mask]", THREE_OF_FIVE)
    assert status == 0, printed
    lines = list(csv.DictReader((folder / "queries.csv").open()))
    for row in results(folder)["results"]:
        stage, threshold = row["stage"], row["T@0.1"]
        of_kind = [line for line in lines if line["query"] == row["query"]]
        inside = [line for line in of_kind if line["protocol"] == row["protocol"]]
        outside = [line for line in of_kind if line["in the gallery"] == "no"]
        assert (len(inside), len(outside)) == (row["mated"], row["non-mated"])
        assert {line["in the gallery"] for line in inside} == {"yes"}
        right = [
            line[f"{stage} rank"] == "1" and float(line[f"{stage} score 1"]) >= threshold - 5e-5 for line in inside
        ]
        assert row["FNIR@0.1"] == pytest.approx(100 - 100 * np.mean(right), abs=1e-3)
        assert all((line[f"{stage} name 1"] == line["person"]) == (line[f"{stage} rank"] == "1") for line in inside)
        assert {line[f"{stage} rank"] for line in outside} == {""}


def test_the_figures_are_those_of_a_gallery_without_the_people_outside(evaluate, few_people: Path) -> None:
    words = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "query=[mask]", THREE_OF_FIVE]
    status, printed, folder = evaluate(*words[2:], "--no-rerank", "protocols=[leave-twin-out]")
    assert status == 0, printed
    (row,) = results(folder)["results"]
    outside = set(results(folder)["open_set"]["people_outside"])

    settings = plan("evaluate", ["experiment=open_set", *quick(*words)], CONFIG_DIR)[0].settings
    data = describe_data(settings, build_network(settings.model, settings.seed)).embed()
    names = [photograph.identity for photograph in data.faces.manifest.photographs]
    clean, mask = (
        torch.nn.functional.normalize(data.features[kind].at(torch.arange(20)).embedding) for kind in ("clean", "mask")
    )

    def best(query: torch.Tensor, photograph: int) -> tuple[float, str]:
        """Cosine and name of the nearest of the people inside, the photograph itself left out."""
        faces = [face for face in range(20) if names[face] not in outside and face != photograph]
        return max((float(query[photograph] @ clean[face]), names[face]) for face in faces)

    strangers = [number for number in range(20) if names[number] in outside]
    threshold = sorted((best(clean, number)[0] for number in strangers), reverse=True)[1]  # 1 of 12 may reach it
    accepted = [best(mask, number)[0] > threshold for number in strangers]
    known = [number for number in range(20) if names[number] not in outside]
    found = [best(mask, number)[0] > threshold and best(mask, number)[1] == names[number] for number in known]
    assert len(outside) == 3
    assert row["T@0.1"] == pytest.approx(threshold, abs=1e-6)
    assert row["FPIR@0.1"] == pytest.approx(100 * np.mean(accepted), abs=1e-3)
    assert row["FNIR@0.1"] == pytest.approx(100 - 100 * np.mean(found), abs=1e-3)


def test_without_earth_movers_similarity_stage_2_is_stage_1(evaluate) -> None:
    status, printed, folder = evaluate("query=[clean,mask]", "alpha=0", THREE_OF_FIVE)
    assert status == 0, printed
    rows = results(folder)["results"]
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert (first["stage"], second["stage"]) == ("stage 1", "stage 2")
        assert {**first, "stage": ""} == {**second, "stage": ""}


def test_the_threshold_is_that_of_clean_faces_whatever_is_asked_for(evaluate) -> None:
    both = results(evaluate("query=[clean,sunglass]", THREE_OF_FIVE)[2])["results"]
    alone = results(evaluate("query=sunglass", THREE_OF_FIVE)[2])["results"]
    assert alone == [row for row in both if row["query"] == "sunglass"]


def test_faces_not_found_are_counted_on_their_side(evaluate, people: Path) -> None:
    for folder in people.iterdir():
        Image.fromarray(np.full((112, 92), 128, np.uint8)).save(min(folder.iterdir()))
    status, printed, folder = evaluate("--no-rerank", "query=clean", "open_set.outside=0.6", faces=people)
    assert status == 0, printed
    (row,) = results(folder)["results"]
    assert (row["mated"], row["mated missed"]) == (8, 2)
    assert (row["non-mated"], row["non-mated missed"]) == (12, 3)
    assert row["FNIR@0.1"] >= 25, "a face not found is a miss"
    assert "8 mated searches of 2 people (2 without a face found)" in printed
    assert len((folder / "left_out.csv").read_text().splitlines()) == 1 + 5


def test_too_small_a_set_says_how_many_searches_it_needs(evaluate) -> None:
    status, printed, folder = evaluate("--no-rerank", "query=clean")
    assert status == 0, printed
    for needed in (10, 100, 1000):
        assert f"needs {needed} non-mated searches" in printed
    (row,) = results(folder)["results"]
    assert row["non-mated"] == 8
    assert row["FNIR@0.1"] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("open_set.outside=0", "open_set.outside is 0"),
        ("open_set.outside=1", "open_set.outside is 1"),
        ("open_set.outside=1.5", "open_set.outside is 1.5"),
        ("stage1=faiss_flat", "stage1=exact"),
        ("open_set.rank=0", "open_set.rank is 0"),
        ("open_set.rank=101", "only the first 100 places"),
    ],
)
def test_a_wrong_setting_is_a_sentence_before_anything_is_embedded(
    evaluate, monkeypatch: pytest.MonkeyPatch, wrong: str, said: str
) -> None:
    monkeypatch.setattr("fdemd.embedding.data.embed_sets", lambda *_, **__: pytest.fail("something was embedded"))
    status, printed, folder = evaluate(wrong)
    assert status == 2
    assert said in printed
    assert not folder.name.startswith("20"), "nothing is left behind"


def test_a_larger_r_finds_more_at_the_same_threshold(evaluate) -> None:
    rows = {
        rank: results(evaluate("query=crop", THREE_OF_FIVE, f"open_set.rank={rank}")[2])["results"] for rank in (1, 50)
    }
    for first, more in zip(rows[1], rows[50], strict=True):
        assert more["FNIR@0.1"] <= first["FNIR@0.1"]
        assert more["T@0.1"] == first["T@0.1"]
