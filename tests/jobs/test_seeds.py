"""evaluate.py experiment=seeds and experiment=rejection as a user runs them, on a few real people."""

import json
from pathlib import Path
from typing import Any

import pytest

import fdemd.jobs.train_and_evaluate
from tests.short_training import quick

ARCFACE = '{name: arcface, settings: ["trainer.max_steps=1","data.mask_share=0.5"]}'
SCALES = '{name: scales, settings: ["loss=scaleface","trainer.max_steps=2"]}'
BOTH = f"trials.trainings=[{ARCFACE},{SCALES}]"


@pytest.fixture
def evaluate(run_evaluate, few_people: Path):
    """Runs an experiment on five people, two of them for the test; gives status, what it printed and its folder."""

    def call(*arguments: str) -> tuple[int, str, Path]:
        given = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "data.batch_size=6", "trainer=cpu"]
        given += ["trials.test_people=2", "logger=none", "query=[clean,mask]"]
        status, printed, folder = run_evaluate(*quick(*given, *arguments))
        return status, " ".join(printed.split()), folder

    return call


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text())


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_seeds_stand_in_one_table_and_are_not_trained_twice(evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    status, printed, folder = evaluate("experiment=seeds", "trials.seeds=[0,3]", "trials.align=[ida]", BOTH)
    assert status == 0, printed
    names = {path.name for path in folder.iterdir()}
    files = {
        "results.csv",
        "rejection.csv",
        "curves.json",
        "results.json",
        "results.md",
        "left_out.csv",
        "config.yaml",
        "report.html",
    }
    pictures = {"comparison.png", "comparison.svg", "rejection_scales.png", "rejection_scales.svg"}
    assert names >= files | pictures | {"seed_0", "seed_3"}
    facts = results(folder)
    rows = {(row["protocol"], row["query"], row["weights"], row["stage"]): row for row in facts["results"]}
    weights = {key[2] for key in rows}
    assert weights == {"pretrained", "pretrained, ida", "arcface"}, "the frozen one's network is the pretrained"
    row = rows["leave-twin-out", "mask", "arcface", "stage 2"]
    seeds = [row["P@1, seed 0"], row["P@1, seed 3"]]
    assert row["P@1"] == pytest.approx(sum(seeds) / 2)
    assert row["P@1 sd"] == pytest.approx(abs(seeds[0] - seeds[1]) / 2**0.5, abs=1e-3)
    assert {each["training"] for each in facts["rejection"]} == {"scales"}
    (settings,) = (folder / "seed_0" / "pretrained_ida").glob("*/config.yaml")
    assert f"manifest: {folder / 'seed_0' / 'training.csv'}" in settings.read_text(), "its cohort is trained on"
    rejected = {(row["measure"], row["confidence"]): row for row in facts["rejection"]}
    pretrained = [rows[key]["P@1"] for key in rows if key[2:] == ("pretrained", "stage 2") and key[0] != "official"]
    mixed = rejected["P@1, stage 2", "random"]["0 % rejected"]
    assert mixed == pytest.approx(sum(pretrained) / 2, abs=1e-3), "the same queries, under the same protocol"
    for seed in (0, 3):
        trained, tested = (
            (folder / f"seed_{seed}" / name).read_text().split() for name in ("training.csv", "test.csv")
        )
        assert not {line.split("/")[0] for line in trained[1:]} & {line.split("/")[0] for line in tested[1:]}
    people = [set((folder / f"seed_{seed}" / "test.csv").read_text().split()) for seed in (0, 3)]
    assert people[0] != people[1], "each seed has its own people"

    def forbidden(config: Any) -> None:
        raise AssertionError("a finished training was done again")

    (folder / "results.json").unlink()
    monkeypatch.setattr(fdemd.jobs.train_and_evaluate, "finetune", forbidden)
    status, printed, _ = evaluate(
        "experiment=seeds", "trials.seeds=[0,3]", "trials.align=[ida]", f"trials.resume='{folder}'", BOTH
    )
    assert status == 0, printed
    assert results(folder)["results"] == facts["results"]
    assert results(folder)["rejection"] == facts["rejection"]


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_a_training_of_others_or_with_other_settings_is_not_taken(evaluate) -> None:
    given = ["experiment=rejection", "rerank=none", "trials.seeds=[3]"]
    status, printed, folder = evaluate(*given, f"trials.trainings=[{SCALES}]")
    assert status == 0, printed
    resumed = [*given, f"trials.resume='{folder}'"]
    status, printed, _ = evaluate(*resumed, f"trials.trainings=[{SCALES}]", "trials.test_people=3")
    assert status == 2
    assert "lists other photographs than the data and settings now give" in printed
    longer = SCALES.replace("max_steps=2", "max_steps=3")
    status, printed, _ = evaluate(*resumed, f"trials.trainings=[{longer}]")
    assert status == 0, printed
    assert "is not taken: trainer.max_steps was 2, now 3" in printed
    status, printed, _ = evaluate(*resumed, f"trials.trainings=[{SCALES}]")
    assert status == 0, printed
    assert "Taken from" in printed


@pytest.mark.usefixtures("tiny")
def test_rejection_alone_needs_one_training(evaluate) -> None:
    words = ["rerank=none", "trials.seeds=[3]", f"trials.trainings=[{SCALES}]"]
    status, printed, folder = evaluate("experiment=rejection", *words)
    assert status == 0, printed
    facts = results(folder)
    assert facts["results"] == []
    assert {row["measure"] for row in facts["rejection"]} == {"P@1, stage 1", "TAR at FAR 0.01", "TAR at FAR 0.001"}
    assert {row["area sd"] for row in facts["rejection"]} == {None}, "one seed has no deviation"
    assert list(facts["scales"]["scales"][0]) == ["clean", "mask"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["trials.seeds=[]"], "trials.seeds is []; it must list different numbers"),
        (["trials.seeds=[1,1]"], "trials.seeds is [1,1]"),
        (["trials.test_people=0"], "trials.test_people is 0"),
        (["trials.test_people=9"], "trials.test_people is 9, but"),
        (["rerank=emd", "rerank.weighting=cc", "rerank.grid=[99,99]"], "grid"),
        (["align=ida"], "leave align away, and give trials.align=[ida]"),
        (
            ["trials.trainings=[{name: x, settings: loss}]"],
            "trials.trainings[0].settings takes a list such as [loss]",
        ),
        (["trials.align=[idea]"], "ida"),
        (["trials.resume=nowhere"], "the folder nowhere does not exist; give that of an earlier run"),
        (['trials.trainings=[{name: x, settings: ["loss=nothing"]}]'], "nothing"),
        (['trials.trainings=[{name: x, settings: ["loss=arcface"]}]'], "nothing would be measured"),
        (['trials.trainings=[{name: x, settings: ["optimizer.lr=0.1,0.2"]}]'], "is a sweep"),
        (["trials.trainings=[{name: x}]"], "trials.trainings[0] is {name:x}; it must say its settings"),
        (['trials.trainings=[{name: x, settings: ["model=arcface"]}]'], "says model=arcface; it can say loss"),
        (['trials.trainings=[{name: x, settings: ["loss=scaleface","mask_share=0.5"]}]'], "says mask_share=0.5"),
        (
            ['trials.trainings=[{name: x, settings: ["loss=scaleface","batches.order=balanced"]}]'],
            "training x of trials.trainings: data.batch_size is 6; it must be a multiple of",
        ),
        ([f"trials.trainings=[{SCALES},{SCALES}]"], "occurs once"),
    ],
)
def test_a_mistake_is_a_sentence_before_anything_is_trained(evaluate, words: list[str], sentence: str) -> None:
    status, printed, folder = evaluate("experiment=rejection", *words)
    assert status == 2
    assert sentence in printed
    assert "Traceback" not in printed
    assert not folder.is_dir() or not list(folder.rglob("*.ckpt"))
