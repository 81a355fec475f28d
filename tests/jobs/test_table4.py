"""evaluate.py experiment=table4_orl as a user runs it, on five real people."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def table4(run_evaluate, few_people: Path):
    """Trains on three people, tests on two; gives the status, what it printed and the folder."""

    def call(*arguments: str) -> tuple[int, str, Path]:
        given = ["experiment=table4_orl", "data=folder", f"data.root='{few_people}'", "data.batch_size=6"]
        given += ["data.num_workers=0", "trainer=cpu", "query=[mask]", "logger=none"]
        status, printed, folder = run_evaluate("--rerank", *given, "table4.test_people=2", *arguments)
        return status, " ".join(printed.split()), folder

    return call


def test_pretrained_and_finetuned_weights_stand_in_one_table(table4) -> None:
    training = 'table4.training=["trainer.max_steps=1","data.mask_share=0.5"]'
    status, printed, folder = table4("table4.seeds=[0,1]", training)
    assert status == 0, printed
    facts = json.loads((folder / "table4.json").read_text())
    rows = {(row["protocol"], row["weights"], row["stage"]): row for row in facts["results"]}
    protocols = ("leave-twin-out", "official")
    assert set(rows) == {
        (protocol, weights, stage)
        for protocol in protocols
        for weights in ("pretrained", "finetuned")
        for stage in ("stage 1", "stage 2")
    }
    assert {row["trainings"] for row in facts["results"]} == {0, 2}
    trained, tested = (set((folder / name).read_text().split()) for name in ("training.csv", "test.csv"))
    assert len(tested) == 9 and len(trained) == 13, "a header, and four photographs of each person"
    assert not {line.split("/")[0] for line in trained if "/" in line} & {line.split("/")[0] for line in tested}

    finetuned = f"table4.finetuned={json.dumps(facts['checkpoints'])}"
    status, printed, again = table4(finetuned, "data=manifest", f"data.manifest='{folder / 'test.csv'}'")
    assert status == 0, printed
    assert json.loads((again / "table4.json").read_text())["results"] == facts["results"], "given, not trained"


def test_nothing_to_compare_with_is_told(table4) -> None:
    status, printed, _ = table4("table4.seeds=[]")
    assert status == 2
    assert "table 4 needs finetuned weights" in printed


def test_a_word_that_is_the_comparisons_is_told(table4) -> None:
    status, printed, _ = table4("table4.seeds=[0]", 'table4.training=["batch_size=8"]')
    assert status == 2
    assert "table4.training says batch_size=8; it can say loss, optimizer" in printed.replace("\n", " ")
