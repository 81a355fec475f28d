"""The benchmark of the backbones: that it compares the same network fairly, and what its command prints and writes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from fdemd.backbones import BACKBONES, create_backbone
from fdemd.bench.__main__ import main
from fdemd.bench.backbones import MODELS, measure
from fdemd.bench.timing import interleaved
from fdemd.bench.upstream import UPSTREAM


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """The command sets the number of threads of the whole process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_every_backbone_is_measured() -> None:
    assert {str(settings["backbone"]) for settings in MODELS.values()} == set(BACKBONES)


def test_calls_are_timed_in_turn_after_one_that_does_not_count() -> None:
    order: list[str] = []
    rounds = interleaved([lambda: order.append("a"), lambda: order.append("b")], seconds=0)
    assert "".join(order) == "ab" + "ab" * len(rounds)
    assert len(rounds) == 3
    assert all(seconds >= 0 for times in rounds for seconds in times)


@pytest.mark.parametrize("name", ["facenet", "timm-resnet18"])
def test_upstream_computes_the_same_embedding(name: str) -> None:
    """With the head ``pool``, timm's own output is the embedding; FaceNet's is anyway."""
    settings = MODELS[name] | ({"head": "pool"} if name.startswith("timm") else {})
    faces_of = {"facenet": (160, 160), "timm-resnet18": (224, 224)}
    faces = torch.rand(1, 3, *faces_of[name])
    with torch.no_grad():
        backbone = create_backbone(**settings)
        theirs = UPSTREAM[str(settings["backbone"])][1](backbone, faces, settings)()
        assert isinstance(theirs, torch.Tensor)
        torch.testing.assert_close(backbone(faces).embedding, theirs, rtol=1e-3, atol=1e-4)


def test_a_model_with_an_upstream_has_a_ratio() -> None:
    speed = measure("facenet", MODELS["facenet"], batch=1, seconds=0)
    assert (speed.patches, speed.upstream) == ("3x3x1792", "facenet-pytorch")
    assert speed.upstream_images_per_second is not None and speed.ratio is not None
    assert min(speed.images_per_second, speed.upstream_images_per_second, speed.ratio) > 0


def test_untrained_weights_do_not_shrink_activations_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = create_backbone(**MODELS["mobilefacenet-foamliu"])
    monkeypatch.setattr("fdemd.bench.backbones.create_backbone", lambda **settings: backbone)
    measure("mobilefacenet-foamliu", MODELS["mobilefacenet-foamliu"], batch=8, seconds=0)
    with torch.no_grad():
        assert backbone(torch.rand(8, 3, 112, 112)).embedding.std() > 0.1
    assert not backbone.training


def test_the_command_prints_a_table_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    file = tmp_path / "speed.json"
    options = ["--batch", "2", "--seconds", "0.01", "--threads", "1", "--json", str(file), "--onnx", "nowhere.onnx"]
    assert main(["backbones", "mobilefacenet-foamliu", "onnx", *options]) == 0
    printed = capsys.readouterr().out
    assert "1 threads, 2 faces at a time" in printed and "7x7x512" in printed
    assert "onnx was left out. The weight file nowhere.onnx does not exist" in printed
    written = json.loads(file.read_text())
    assert (written["threads"], written["batch"], list(written["left_out"])) == (1, 2, ["onnx"])
    (result,) = written["results"]
    assert result["model"] == "mobilefacenet-foamliu" and result["images_per_second"] > 0
    assert result["upstream"] is result["ratio"] is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["facnet"], "bench: unknown model 'facnet' (did you mean facenet?)"),
        (["facenet", "--batch", "0"], "bench: --batch is 0; it must be above 0."),
        (["facenet", "--json", "nowhere/speed.json"], "bench: the folder of --json nowhere/speed.json does not exist"),
    ],
)
def test_mistakes_are_told_in_a_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backbones", *words]) == 2
    assert capsys.readouterr().err.startswith(sentence)
