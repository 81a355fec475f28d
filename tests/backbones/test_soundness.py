"""Networks that are none: whatever kind they are of, what their file makes of a few faces gives them away."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.soundness import check_sound, check_sound_on
from fdemd.errors import InputError
from fdemd.features import Features

SAME = "gives every face the same embedding, so that it tells nobody apart"
ZERO = "gives a face an embedding of zeros"
ALONE = "gives a face another embedding alone than together with other faces"
INFINITE = "gives embeddings that are not finite numbers"


class Given(Backbone):
    """A network that says what a test wants of the faces' means."""

    face_size = (8, 6)
    alignment = "dlib"
    weights_sha256 = "of a test"

    def __init__(self, says: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.says = says

    def forward(self, faces: Tensor) -> Features:
        embedding = self.says(faces.flatten(2).mean(2))
        return Features(embedding, faces.flatten(2)[:, :, :1].mT, (1, 1))


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (lambda means: means * 0 + 1, SAME),
        (lambda means: means * 1e-6 + 1, SAME),
        (lambda means: means * 0, ZERO),
        (lambda means: means / 0, INFINITE),
        (lambda means: means - means.mean(0), ALONE + "|" + ZERO),
        (lambda means: means + len(means), ALONE),
        (nn.BatchNorm1d(3, track_running_stats=False).train(), "Expected more than 1 value per channel|" + ALONE),
        (lambda means: torch.rand(means.shape), ALONE),
    ],
    ids=["constant", "nearly constant", "zero", "infinite", "centred", "counted", "batch norm", "chance"],
)
def test_a_network_that_is_none_is_reported(says: Callable[[Tensor], Tensor], sentence: str) -> None:
    with pytest.raises((InputError, ValueError), match=sentence):
        check_sound(Given(says), "test")


def test_the_check_leaves_chance_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    check_sound(Given(lambda means: means), "test")
    assert torch.equal(torch.rand(2), expected)


def test_real_faces_are_looked_at_in_the_first_batch() -> None:
    faces = torch.rand(5, 3, 1, 1).expand(5, 3, 8, 6)
    check_sound_on(Given(lambda means: means), faces)
    with pytest.raises(InputError, match=SAME):
        check_sound_on(Given(lambda means: means * 0 + 1), faces)
    with pytest.raises(InputError, match=ALONE):
        check_sound_on(Given(lambda means: means + len(means)), faces)


def test_the_same_picture_twice_may_have_the_same_embedding() -> None:
    check_sound_on(Given(lambda means: means), torch.rand(1, 3, 8, 6).expand(3, 3, 8, 6))


@pytest.mark.parametrize(
    ("model", "key"),
    [({"backbone": "mobilefacenet"}, "bn.weight"), ({"backbone": "iresnet", "depth": 18}, "features.weight")],
)
def test_every_network_from_a_file_is_checked(tmp_path: Path, model: dict[str, object], key: str) -> None:
    weights = dict(create_backbone(checkpoint="random", **model).state_dict())
    path = tmp_path / "a.pth"
    torch.save({**weights, key: torch.zeros_like(weights[key])}, path)
    with pytest.raises(InputError, match=f"The network {model['backbone']} ({ZERO}|{SAME})"):
        create_backbone(checkpoint=str(path), **model)


@pytest.mark.parametrize("norm", ["embedding", "map"])
def test_an_onnx_file_that_was_saved_while_it_trained(tmp_path: Path, norm: str) -> None:
    """Its batch norm takes mean and deviation from the batch: other figures for other sizes of batches."""
    import onnx

    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    size = 5 if norm == "embedding" else 4
    weights = {
        "filters": torch.randn(4, 3, 3, 3).numpy(),
        "matrix": torch.randn(4 * 3 * 2, 5).numpy(),
        **{name: torch.full((size,), float(name == "one")).numpy() for name in ("one", "none", "mean")},
        "variance": torch.ones(size).numpy(),
    }

    def batch_norm(given: str, gives: str, training: int) -> object:
        outputs = [gives, "new mean", "new variance"] if training else [gives]
        names = [given, "one", "none", "mean", "variance"]
        return helper.make_node("BatchNormalization", names, outputs, training_mode=training)

    for training in (0, 1):
        nodes = [helper.make_node("Conv", ["faces", "filters"], ["map"], strides=[2, 2])]
        if norm == "map":
            nodes.append(batch_norm("map", "normed", training))
        nodes.append(helper.make_node("Flatten", [nodes[-1].output[0]], ["flat"]))
        nodes.append(helper.make_node("MatMul", ["flat", "matrix"], ["last" if norm == "embedding" else "embedding"]))
        if norm == "embedding":
            nodes.append(batch_norm("last", "embedding", training))
        graph = helper.make_graph(
            nodes,
            "net",
            [helper.make_tensor_value_info("faces", 1, ("N", 3, 7, 5))],
            [helper.make_tensor_value_info("embedding", 1, None)],
            [numpy_helper.from_array(array, name) for name, array in weights.items()],
        )
        path = tmp_path / f"{training}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    create_backbone("onnx", checkpoint=str(tmp_path / "0.onnx"))
    with pytest.raises(InputError, match=f"The network onnx {ALONE}.*model.eval"):
        create_backbone("onnx", checkpoint=str(tmp_path / "1.onnx"))
