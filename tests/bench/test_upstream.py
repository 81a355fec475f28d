"""Other packages run the same network: the benchmark compares speeds of one computation."""

import numpy as np
import pytest
import torch

from fdemd.backbones import create_backbone
from fdemd.bench.upstream import UPSTREAM


def test_facenet_pytorch_gives_the_embedding_of_our_network() -> None:
    torch.manual_seed(0)
    network, faces = create_backbone("facenet", checkpoint="random"), torch.rand(2, 3, 160, 160)
    package, prepare = UPSTREAM["facenet"]
    assert package == "facenet-pytorch"
    with torch.inference_mode():
        torch.testing.assert_close(prepare(network, faces, {})(), network(faces).embedding, atol=1e-4, rtol=0)


def test_onnxruntime_gives_the_embedding_of_sface_for_several_faces_at_once() -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    network, faces = create_backbone("sface"), torch.rand(2, 3, 112, 112)
    package, prepare = UPSTREAM["sface"]
    assert package == "onnxruntime"
    with torch.inference_mode():
        torch.testing.assert_close(
            torch.from_numpy(np.concatenate(prepare(network, faces, {})())), network(faces).embedding, atol=1e-4, rtol=0
        )
