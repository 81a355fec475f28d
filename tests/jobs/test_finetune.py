"""train.py as a user runs it: on a few real people, interrupted and resumed, on two processes, with wrong settings."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fdemd.backbones import BACKBONES, Backbone
from fdemd.checkpoints.training_state import PlainCheckpoints, read_checkpoint
from fdemd.checkpoints.weights import read_weights
from fdemd.cli.command_line import CONFIG_DIR, main, plan
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.jobs import run
from fdemd.jobs import run as run_evaluation
from fdemd.jobs.finetune import Finetuned, finetune
from fdemd.losses.scale_head import read_scale_head
from fdemd.training.module import FinetuneModule

ROOT = Path(__file__).resolve().parents[2]


class Tiny(Backbone):
    """A network that trains in no time, with all that makes a resumed run differ: batch statistics and dropout."""

    face_size = (32, 32)
    alignment = "dlib"
    weights_sha256 = "random"

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.PReLU(8), nn.Dropout(0.2))
        self.embed = nn.Linear(8 * 49, 16)

    def forward(self, faces: Tensor) -> Features:
        maps = self.layers(faces - 0.5)
        return Features(self.embed(maps.flatten(1)), maps.flatten(2).mT.contiguous(), (7, 7))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """``model=dlib`` is the tiny network."""
    monkeypatch.setitem(BACKBONES, "dlib", Tiny)


@pytest.fixture
def settings(tmp_path: Path, few_people: Path) -> list[str]:
    """A small run on five people, two of them held out."""
    return [
        "data=folder",
        f"data.root='{few_people}'",
        f"output='{tmp_path / 'out'}'",
        "data.num_workers=0",
        "data.batch_size=4",
        "data.mask_share=0.5",
        "validation.people=2",
        "validation.every=5",
        "trainer=cpu",
        "trainer.max_steps=20",
        "logger=none",
    ]


def train(*settings: str) -> Finetuned:
    (point,) = plan("train", settings, CONFIG_DIR)
    return finetune(point.settings)


def weights_of(checkpoint: Path) -> dict[str, Tensor]:
    return read_checkpoint(checkpoint)["state_dict"]


def same_weights(one: Path, other: Path) -> bool:
    first, second = weights_of(one), weights_of(other)
    return first.keys() == second.keys() and all(torch.allclose(first[key], second[key], atol=1e-6) for key in first)


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
    assert facts["data"]["held out"]["people"] == 2
    assert {(row["weights"], row["query"]) for row in facts["results"]} == {
        (weights, kind) for weights in ("before", "last", "best") for kind in ("clean", "mask")
    }


@pytest.mark.usefixtures("tiny")
def test_training_changes_the_network_and_the_class_weights(settings: list[str]) -> None:
    few, many = (train(*settings, f"trainer.max_steps={steps}").checkpoint("last") for steps in (1, 5))
    first, second = weights_of(few), weights_of(many)
    for key in ("backbone.embed.weight", "backbone.layers.1.weight", "criterion.head.weight"):
        assert not torch.equal(first[key], second[key]), key


@pytest.mark.usefixtures("tiny")
def test_checkpoints_hold_plain_values_only(settings: list[str]) -> None:
    checkpoint = torch.load(train(*settings).checkpoint("best"), weights_only=True)
    assert checkpoint["fdemd"]["people"] == sorted(checkpoint["fdemd"]["people"])
    assert checkpoint["fdemd"]["settings"]["optimizer.lr"] == 0.003


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    "extra", [[], ["batches.order=balanced", "batches.people=2"], ["data.num_workers=2"], ["loss=scaleface"]]
)
def test_a_run_stopped_and_resumed_equals_one_that_was_not(
    settings: list[str], extra: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = train(*settings, *extra)

    step = FinetuneModule.training_step

    def interrupted(module: FinetuneModule, batch: Any, batch_idx: int) -> Tensor:
        if module.global_step == 12:
            raise KeyboardInterrupt
        return step(module, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(FinetuneModule, "training_step", interrupted)
        stopped = [*settings, *extra, f"output='{tmp_path / 'stopped'}'", "trainer.save_every=10"]
        assert main("train", run, "test", stopped) == 130
    (folder,) = (tmp_path / "stopped").iterdir()
    assert read_checkpoint(folder / "checkpoints" / "last.ckpt")["global_step"] == 10
    resumed = train(*settings, *extra, f"resume='{folder}'")
    assert resumed.folder == folder
    assert same_weights(whole.checkpoint("last"), resumed.checkpoint("last"))
    assert same_weights(whole.checkpoint("best"), resumed.checkpoint("best"))


@pytest.mark.usefixtures("tiny")
def test_a_run_goes_on_only_with_the_settings_it_was_started_with(
    settings: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = train(*settings, "trainer.max_steps=2").folder
    status = main("train", run, "test", [*settings, f"resume='{folder}'", "optimizer.lr=0.5"])
    assert status == 2
    assert "was started with other settings: optimizer.lr=0.003 (now 0.5)" in capsys.readouterr().err
    assert main("train", run, "test", [*settings, f"resume='{tmp_path / 'nowhere'}'"]) == 2
    assert "does not exist; give the folder of a run" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny")
def test_the_best_weights_are_those_of_the_best_validation(settings: list[str]) -> None:
    done = train(*settings, "validation.every=2")

    def score(weights: str) -> float:
        return sum(comparison.figures["stage 1"]["MAP@R"].mean for comparison in done.comparisons[weights])

    assert score("best") >= score("last")


@pytest.mark.usefixtures("tiny")
def test_without_held_out_people_nothing_is_validated(settings: list[str]) -> None:
    done = train(*settings, "validation.people=0", "trainer.max_steps=2")
    assert done.comparisons == {}
    assert done.checkpoint("last").is_file()
    assert not done.checkpoint("best").exists()


@pytest.mark.usefixtures("tiny")
def test_the_second_stage_is_validated_if_asked_for(settings: list[str]) -> None:
    done = train(*settings, "rerank=emd", "rerank.k=3", "trainer.max_steps=1")
    assert {"stage 1", "stage 2"} <= done.comparisons["last"][0].figures.keys()


@pytest.mark.usefixtures("tiny")
def test_a_loss_that_is_no_number_stops_the_run_and_names_the_photographs(
    settings: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forward = Tiny.forward

    def spoilt(network: Tiny, faces: Tensor) -> Features:
        features = forward(network, faces)
        return (
            Features(features.embedding * torch.nan, features.patches, features.grid) if network.training else features
        )

    monkeypatch.setattr(Tiny, "forward", spoilt)
    assert main("train", run, "test", [*settings, "validation.people=0"]) == 2
    sentence = capsys.readouterr().err
    assert "the loss became nan at step" in sentence
    assert sentence.count(".pgm") == 4


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
    assert (
        main("evaluate", run_evaluation, "test", [*words, f"output='{tmp_path / 'again'}'", "data.num_workers=0"]) == 0
    )
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
    [["model=arcface", "model.checkpoint=random"], ["model=timm", "model.name=resnet18", "model.face_size=[64,64]"]],
)
def test_a_network_from_scratch_learns_eight_people_by_heart(
    model: list[str], eight_people: Path, tmp_path: Path
) -> None:
    data = ["data=folder", f"data.root='{eight_people}'", "data.batch_size=8", "data.num_workers=0"]
    done = train(*model, *data, "debug=overfit", "trainer.max_steps=15", f"output='{tmp_path}'")
    assert done.metrics["train/accuracy"] == 100


def test_two_processes_train_as_one_does(tmp_path: Path, few_people: Path) -> None:
    """Same global batches, same loss, same weights, same figures; a network without batch statistics."""
    model = ["model=timm", "model.name=vit_tiny_patch16_224", "model.head=pool", "model.face_size=[64,64]"]
    small = ["data=folder", f"data.root={few_people}", "data.num_workers=0", "data.batch_size=4", "data.mask_share=0.5"]
    steps = ["validation.people=2", "validation.every=2", "trainer.max_steps=4"]
    folders = {}
    for processes, trainer in {
        1: ["trainer=cpu"],
        2: ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"],
    }.items():
        output = tmp_path / str(processes)
        command = [sys.executable, "train.py", *model, *small, *steps, *trainer, f"output={output}"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
        (folders[processes],) = output.iterdir()
    one, two = (json.loads((folders[number] / "results.json").read_text())["results"] for number in (1, 2))
    assert one == two
    first, second = (weights_of(folders[number] / "checkpoints" / "last.ckpt") for number in (1, 2))
    assert all(torch.allclose(first[key], second[key], atol=1e-5) for key in first)


@pytest.mark.usefixtures("tiny")
def test_otface_trains_and_with_a_weight_of_0_as_the_margin_loss_does(settings: list[str]) -> None:
    short = [*settings, "batches.people=2", "trainer.max_steps=4"]
    margin = train(*short, "loss=arcface", "batches.order=balanced")
    without = train(*short, "loss=otface", "loss.transport.weight=0")
    otface = train(*short, "loss=otface", "loss.transport.warmup=0", "loss.transport.hard_margin=2")
    expected = weights_of(margin.checkpoint("last"))
    found = weights_of(without.checkpoint("last"))
    assert all(torch.equal(found[key], value) for key, value in expected.items())
    assert not same_weights(without.checkpoint("last"), otface.checkpoint("last"))
    assert otface.metrics["train/hard_triplets"] == 4
    assert otface.metrics["train/transport"] > 0


@pytest.mark.usefixtures("tiny")
def test_scaleface_leaves_the_network_as_it_was_and_its_head_can_be_read_back(settings: list[str]) -> None:
    few, many = (
        train(*settings, "loss=scaleface", f"trainer.max_steps={steps}").checkpoint("last") for steps in (1, 4)
    )
    first, second = weights_of(few), weights_of(many)
    moved = {name for name in first if not torch.equal(first[name], second[name])}
    assert {"criterion.scale_head.layers.0.weight", "criterion.scale_head.layers.3.weight"} <= moved
    assert all(name.startswith("criterion.scale_head.") for name in moved)
    assert second["criterion.head.weight"].abs().sum() > 0
    head = read_scale_head(many)
    assert not head.training and float(head.limit) == 64
    assert all(torch.equal(value, second[f"criterion.scale_head.{name}"]) for name, value in head.state_dict().items())


@pytest.mark.usefixtures("tiny")
def test_scaleface_trains_the_network_as_well_if_asked_to(settings: list[str]) -> None:
    short = [*settings, "loss=scaleface", "loss.scale_head.frozen=false"]
    first, second = (weights_of(train(*short, f"trainer.max_steps={steps}").checkpoint("last")) for steps in (1, 3))
    for name in ("backbone.embed.weight", "criterion.head.weight", "criterion.scale_head.layers.0.weight"):
        assert not torch.equal(first[name], second[name]), name


@pytest.mark.usefixtures("tiny")
def test_a_checkpoint_of_another_loss_has_no_scale_head(settings: list[str]) -> None:
    with pytest.raises(InputError, match="has no scale head"):
        read_scale_head(train(*settings, "trainer.max_steps=1").checkpoint("last"))


def test_a_kill_while_saving_leaves_a_checkpoint_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    script = (
        "import torch, itertools; from pathlib import Path\n"
        "from fdemd.checkpoints.training_state import PlainCheckpoints\n"
        "for step in itertools.count():\n"
        "    state = {'weight': torch.full((2_000_000,), float(step))}\n"
        "    content = {'state_dict': state, 'loops': {}, 'fdemd': {}, 'global_step': step}\n"
        f"    PlainCheckpoints().save_checkpoint(content, Path({str(path)!r}))\n"
        "    print(step, flush=True)\n"
    )
    for delay in (0.01, 0.03):
        with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        checkpoint = read_checkpoint(path)
        assert (checkpoint["state_dict"]["weight"] == checkpoint["global_step"]).all()
    assert (read_weights(path)["weight"] == read_checkpoint(path)["global_step"]).all()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"last.ckpt cannot be written"):
        PlainCheckpoints().save_checkpoint({}, tmp_path / "file" / "last.ckpt")


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
