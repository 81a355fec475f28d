"""Other packages run the same network: the benchmark compares speeds of one computation."""

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
