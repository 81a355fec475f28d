"""All counts of every report add up: to the rows of the manifest, and to the queries that are marked in it."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fdemd.data.sources import orl_manifest
from tests.short_training import quick

ROWS, UNREADABLE, NO_FACE, LONE = 25, 1, 3, 2
"""Of the folder below: photographs; damaged; without a face; and of people without another photograph."""


@pytest.fixture
def spoilt(people: Path) -> Path:
    """20 photographs of five people, and one of each kind of what goes wrong."""
    manifest = orl_manifest()
    (people / "s1" / "letter.jpg").write_text("Dear Sir")
    (people / "s1" / "notes.txt").touch()
    for name in ("s2/wall.png", "s3/wall.png", "s8 has no face/wall.png"):
        (people / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (92, 112), "white").save(people / name)
    (people / "s9 is lone").mkdir()
    other = next(each for each in manifest.photographs if each.identity == "s9")
    shutil.copy(manifest.file(other), people / "s9 is lone")
    return people


@pytest.fixture
def run(run_evaluate, spoilt: Path):
    """Runs one kind of job on them; gives the folder and what results.json says."""

    def call(*arguments: str, name: str = "results.json") -> tuple[Path, dict[str, Any]]:
        given = ["data=folder", f"data.root='{spoilt}'", "data.num_workers=0", "query=[clean,mask]", "logger=none"]
        status, printed, folder = run_evaluate(*quick(*given, *arguments))
        assert status == 0, printed
        return folder, json.loads((folder / name).read_text())

    return call


def check_photographs(counts: dict[str, int], rows: int = ROWS) -> None:
    """Each photograph is used, without a face, unreadable or set aside."""
    assert counts["photographs"] == rows
    fates = counts["used"], counts["no_face_found"], counts["unreadable"], counts["set_aside"]
    assert sum(fates) == rows
    assert counts["people_without_a_face"] <= counts["people"]


def check_queries(row: dict[str, Any], asked: int) -> None:
    """Each query is averaged (with a face, or as a miss) or lone; ``queries`` counts the misses too."""
    assert row["queries"] + row["lone"] == asked
    assert row["missed"] <= row["queries"]


def test_identification(run) -> None:
    folder, facts = run("--rerank", "k=5")
    counts = facts["data"]
    check_photographs(counts)
    assert (counts["unreadable"], counts["no_face_found"], counts["ignored"]) == (UNREADABLE, NO_FACE, 1)
    assert (counts["people"], counts["people_without_a_face"]) == (7, 1)
    assert counts["queries"] + counts["queries_unreadable"] + counts["queries_set_aside"] == ROWS
    for row in facts["results"]:
        check_queries(row, counts["queries"])
        lone = LONE - (row["protocol"] == "official")  # there its twin is in the gallery
        assert (row["queries"], row["missed"], row["lone"]) == (24 - lone, 2, lone)
    notes = (folder / "results.md").read_text()
    assert "25 photographs of 7 people (1 of them without one that is used): 21 used, 3 without a face found" in notes
    assert "24 queries a kind, 21 in the gallery" in notes
    assert "mask: 22 of 24 queries are averaged, 2 of them without a face found (a miss); 2 are lone" in notes
    assert notes.count("25 photographs") == 1, "what holds for both tables is said once"
    queries = list(csv.DictReader((folder / "queries.csv").open()))
    for row in facts["results"]:
        if row["stage"] not in ("stage 1", "stage 2"):
            continue
        lines = [each for each in queries if (each["query"], each["protocol"]) == (row["query"], row["protocol"])]
        assert len(lines) == counts["queries"]
        assert sum("lone" in each["problem"] for each in lines) == row["lone"]
        assert sum(each["problem"] == "no face found" for each in lines) == row["missed"]
        averaged = [each for each in lines if "lone" not in each["problem"]]
        right = sum(each[f"{row['stage']} rank"] == "1" for each in averaged)
        assert 100 * right / len(averaged) == pytest.approx(row["P@1"], abs=1e-3)


def test_a_cohort_is_set_aside(run) -> None:
    _, facts = run("--no-rerank", "align=ida", "align.people=2")
    counts = facts["data"]
    check_photographs(counts)
    assert counts["set_aside"] >= 8, "two people with four photographs or more"
    assert counts["queries"] + counts["queries_unreadable"] + counts["queries_set_aside"] == ROWS
    for row in facts["results"]:
        check_queries(row, counts["queries"])


def test_an_open_set(run) -> None:
    _, facts = run("--no-rerank", "experiment=open_set")
    check_photographs(facts["data"])
    for row in facts["results"]:
        assert row["mated"] + row["non-mated"] + row["lone"] == facts["data"]["queries"] == 24
        assert row["mated missed"] + row["non-mated missed"] <= NO_FACE


@pytest.mark.parametrize("sample", [None, 10])
def test_a_study(run, sample: int | None) -> None:
    settings = ["study.methods=[{method: query_expansion}]", f"study.sample={json.dumps(sample)}"]
    _, facts = run("experiment=ood", *settings)
    (counts,) = facts["points"]
    check_photographs(counts)
    assert counts["of"] + counts["queries_unreadable"] + counts["queries_set_aside"] == ROWS
    assert counts["queries_a_kind"] == (sample or counts["of"])
    for row in facts["results"]:
        check_queries(row, counts["queries_a_kind"])


def test_pairs(run, spoilt: Path) -> None:
    lines = [f"s{n}/{i}.pgm s{n}/{i + 1}.pgm 1" for n in (1, 2, 3) for i in (1, 2, 3)]
    lines += [f"s{n}/{i}.pgm s{n + 1}/{i}.pgm 0" for n in (1, 2, 3) for i in (1, 2, 3)]
    lines += ["s2/wall.png s2/3.pgm 1", "s1/letter.jpg s2/3.pgm 0"]
    (spoilt.parent / "pairs.txt").write_text("\n".join(lines))
    _, facts = run("data=pairs", f"data.root='{spoilt}'", f"data.pairs='{spoilt.parent / 'pairs.txt'}'", "rerank=none")
    counts = facts["data"]
    check_photographs(counts, counts["photographs"])
    assert counts["no_face_found"] + counts["unreadable"] == 2
    assert (counts["pairs"], counts["failed_pairs"]) == (20, 2)


@pytest.mark.parametrize("experiment", ["table4_orl", "rejection"])
def test_comparisons_of_trainings(run, experiment: str) -> None:
    common = ["trainer=cpu", "data.batch_size=6", f"experiment={experiment}"]
    if experiment == "table4_orl":
        training = 'table4.training=["trainer.max_steps=1","data.mask_share=0.5"]'
        folder, facts = run(*common, "table4.test_people=2", "table4.seeds=[0]", training, name="table4.json")
        apart, tested = facts["people_apart"], facts["counts"]
    else:
        scales = 'trials.trainings=[{name: scales, settings: ["loss=scaleface","trainer.max_steps=1"]}]'
        folder, facts = run(*common, "trials.test_people=2", "trials.seeds=[0]", "trials.compare=true", scales)
        apart, tested = facts["people_apart"]["0"], facts["test"]["0"]
    assert apart["photographs"] == ROWS
    assert apart["to_train_on"] + apart["to_test"] + apart["in_neither_part"] == ROWS
    check_photographs(tested, apart["to_test"])
    reports = [json.loads(path.read_text()) for path in folder.glob("**/pretrained/*/results.json")]
    assert reports
    for report in reports:
        for row in report["results"]:
            check_queries(row, tested["queries"])
