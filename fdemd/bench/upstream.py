"""The same networks with the same weights as other packages run them, from preprocessed inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.backbones.onnx_graph import read_graph
from fdemd.checkpoints import installed_file, read_card, weights_file

Run = Callable[[], object]


def _facenet(backbone: Backbone, faces: Tensor, settings: dict[str, Any]) -> Run:
    from facenet_pytorch import InceptionResnetV1

    network = InceptionResnetV1().eval()
    network.load_state_dict(backbone.state_dict())
    inputs = (faces * 255 - 127.5) / 128
    return lambda: network(inputs)


def _dlib(backbone: Backbone, faces: Tensor, settings: dict[str, Any]) -> Run:
    import dlib

    network = dlib.face_recognition_model_v1(str(installed_file(read_card("dlib"))))
    chips = list((faces * 255).byte().permute(0, 2, 3, 1).contiguous().numpy())
    return lambda: network.compute_face_descriptor(chips)


def _timm(backbone: Backbone, faces: Tensor, settings: dict[str, Any]) -> Run:
    import timm

    network = timm.create_model(settings["name"], num_classes=0).eval()
    network.load_state_dict(backbone.get_submodule("trunk").state_dict())
    inputs = (faces - backbone.get_buffer("mean")) / backbone.get_buffer("std")
    return lambda: network(inputs)


def _onnx(backbone: Backbone, faces: Tensor, settings: dict[str, Any]) -> Run:
    path = weights_file(read_card("w600k_mbf"), settings.get("checkpoint"))
    return _by_onnxruntime(path.read_bytes(), (faces * 255 - 127.5) / 127.5)


def _sface(backbone: Backbone, faces: Tensor, settings: dict[str, Any]) -> Run:
    graph = read_graph(installed_file(read_card("sface")))
    held = graph.model.graph
    held.input[0].type.tensor_type.shape.dim[0].dim_param = "N"  # the file says 1, but computes any number
    del held.value_info[:]
    return _by_onnxruntime(graph.part_computing([graph.embedding]), faces * 255)


def _by_onnxruntime(network: bytes, inputs: Tensor) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: inputs.numpy()}
    return lambda: session.run(None, given)


UPSTREAM: dict[str, tuple[str, Callable[[Backbone, Tensor, dict[str, Any]], Run]]] = {
    "dlib": ("dlib", _dlib),
    "facenet": ("facenet-pytorch", _facenet),
    "onnx": ("onnxruntime", _onnx),
    "sface": ("onnxruntime", _sface),
    "timm": ("timm", _timm),
}
"""Backbone -> name of the package and, for our network, faces ``(B, 3, H, W)`` in [0, 1] and settings, a call."""
