"""train.py as a user runs it: on a few real people, interrupted and resumed, on two processes, with wrong settings."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fdemd.cli.command_line import main
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.jobs import run
from tests.plugins import choices_forgotten, write_package
from tests.short_training import ROOT, train, weights_of


@pytest.mark.usefixtures("tiny")
def test_a_run_leaves_everything_behind(settings: list[str]) -> None:
    done = train(*settings)
    names = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()}
    assert {
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "config.yaml",
        "left_out.csv",
        "results.json",
        "results.md",
        "validation.csv",
    } <= names
    facts = json.loads((done.folder / "results.json").read_text())
    assert facts["data"]["people"] == 3
    assert facts["data"]["held_out"]["people"] == 2
    assert {(row["weights"], row["query"]) for row in facts["results"]} == {
        (weights, kind) for weights in ("before", "last", "best") for kind in ("clean", "mask")
    }


@pytest.mark.usefixtures("tiny")
def test_checkpoints_hold_plain_values_only(settings: list[str]) -> None:
    checkpoint = torch.load(train(*settings).checkpoint("best"), weights_only=True)
    assert checkpoint["fdemd"]["people"] == sorted(checkpoint["fdemd"]["people"])
    assert checkpoint["fdemd"]["settings"]["optimizer.lr"] == 0.003


@pytest.mark.usefixtures("tiny")
def test_a_run_goes_on_only_with_the_settings_it_was_started_with(
    settings: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = train(*settings, "trainer.max_steps=2").folder
    status = main("train", run, "test", [*settings, f"resume='{folder}'", "optimizer.lr=0.5"])
    assert status == 2
    assert "was started with other settings: optimizer.lr=0.003 (now 0.5)" in capsys.readouterr().err
    assert main("train", run, "test", [*settings, f"resume='{tmp_path / 'nowhere'}'"]) == 2
    assert "does not exist; give that of an earlier run" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny")
def test_without_people_for_validation_nothing_is_validated(settings: list[str]) -> None:
    done = train(*settings, "validation.people=0", "trainer.max_steps=2")
    assert done.comparisons == {}
    assert done.checkpoint("last").is_file()
    assert not done.checkpoint("best").exists()


@pytest.mark.usefixtures("tiny")
def test_the_second_stage_is_validated_if_asked_for(settings: list[str]) -> None:
    done = train(*settings, "rerank=emd", "rerank.k=3", "trainer.max_steps=1")
    assert {"stage 1", "stage 2"} <= done.comparisons["last"][0].figures.keys()


def test_a_finetuned_checkpoint_evaluates_to_the_figures_that_training_printed(
    settings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the default network, by the very command that the run prints."""
    done = train(*settings, "trainer.max_steps=2", "validation.every=2", "rerank=none", "seed=3")
    (command,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("The same figures again")]
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {command.partition('evaluate.py ')[2]}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert main("evaluate", run, "test", [*words, f"output='{tmp_path / 'again'}'", "data.num_workers=0"]) == 0
    (folder,) = (tmp_path / "again").iterdir()
    again = json.loads((folder / "results.json").read_text())["results"]
    trained = json.loads((done.folder / "results.json").read_text())["results"]
    best = [row for row in trained if row.pop("weights") == "best"]
    evaluated = [row for row in again if (row["query"], row["protocol"]) in {(r["query"], r["protocol"]) for r in best}]
    assert evaluated == best


@pytest.fixture(scope="module")
def eight_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One photograph each of eight people."""
    folder, manifest = tmp_path_factory.mktemp("eight people"), orl_manifest()
    for photograph in manifest.photographs[:80]:
        if int(Path(photograph.path).stem) == 1:
            (folder / photograph.path).parent.mkdir(exist_ok=True)
            shutil.copy(manifest.file(photograph), folder / photograph.path)
    return folder


@pytest.mark.parametrize(
    "model",
    [
        ["model=mobilefacenet", "model.checkpoint=random"],
        ["model=timm", "model.name=resnet18", "model.face_size=[64,64]"],
    ],
)
def test_a_network_from_scratch_learns_eight_people_by_heart(
    model: list[str], eight_people: Path, tmp_path: Path
) -> None:
    data = ["data=folder", f"data.root='{eight_people}'", "data.batch_size=8", "data.num_workers=0"]
    done = train(*model, *data, "debug=overfit", "trainer.max_steps=15", f"output='{tmp_path}'")
    assert done.metrics["train/accuracy"] == 100


@pytest.mark.slow
def test_two_processes_train_as_one_does(tmp_path: Path, few_people: Path) -> None:
    """Same global batches, same loss, same weights, same figures; a network without batch statistics."""
    model = ["model=timm", "model.name=test_vit", "model.head=pool", "model.face_size=[64,64]"]
    small = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "data.batch_size=4"]
    words = [*model, *small, "data.mask_share=0.5", "validation.people=2", "validation.every=2", "trainer.max_steps=4"]
    command = [sys.executable, "train.py", *words, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    subprocess.run([*command, f"output='{tmp_path}'"], cwd=ROOT, check=True, capture_output=True, timeout=300)
    (folder,) = tmp_path.iterdir()
    folders = {1: train(*words, "trainer=cpu", "logger=none", f"output='{tmp_path / 'alone'}'").folder, 2: folder}
    one, two = (json.loads((folders[number] / "results.json").read_text())["results"] for number in (1, 2))
    assert one == two
    first, second = (weights_of(folders[number] / "checkpoints" / "last.ckpt") for number in (1, 2))
    assert all(torch.allclose(first[key], second[key], atol=1e-5) for key in first)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model=onnx"], "onnx"),
        (["trainer.max_steps=-1"], "the run would never end"),
        (["trainer.max_steps=0"], "trainer.max_steps is 0; nothing would be trained"),
        (["validation.every=0"], "validation.every is 0"),
        (["batches.order=sorted"], "unknown batches.order 'sorted'"),
        (["data.batch_size=100"], "there are only 12 faces to train on"),
        (["loss=arcfce"], "arcface"),
        (["loss=otface"], "use batches.order=balanced and a data.batch_size of twice"),
        (["loss=otface", "batches.people=4"], "not balanced batches of 4"),
        (["loss=otface", "batches.order=shuffled", "batches.people=2"], "not shuffled batches of 4"),
        (["data=casia_masked"], "run python -m data_prep casia"),
        (["model.checkpoint=nowhere.dat"], "nowhere.dat does not exist"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    words: list[str], sentence: str, settings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if "data=casia_masked" in words:
        settings = [word for word in settings if not word.startswith("data")]
    assert main("train", run, "test", [*settings, *words]) == 2
    assert sentence in capsys.readouterr().err


PROJECTED = """
from fdemd.retrieval.reranker import Reranker

class Projected(Reranker):
    patches = "projected"

    def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=None):
        raise NotImplementedError
"""


@pytest.mark.parametrize("words", [["rerank=emd", "rerank.patches=projected"], ["rerank=other"]])
def test_projected_patches_of_any_reranker_are_refused_before_the_data_are_read(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_package(tmp_path / "site-packages", PROJECTED, {"rerankers": {"other": "Projected"}})
    monkeypatch.syspath_prepend(package)
    monkeypatch.delitem(sys.modules, "plugged_in", raising=False)
    with choices_forgotten(), pytest.raises(InputError, match="Validation re-ranks raw patches only"):
        train(*words, "data=folder", "data.root=/no/such/folder")
