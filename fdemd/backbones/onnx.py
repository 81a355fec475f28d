"""Face networks in ONNX files (InsightFace's w600k_mbf and buffalo packs, SFace), run by onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.convnet import grid_features
from fdemd.backbones.onnx_graph import OnnxGraph, read_graph
from fdemd.backbones.onnx_range import usual_range
from fdemd.backbones.onnx_reading import shape_text
from fdemd.backbones.onnx_trial import TrialError, try_network
from fdemd.checkpoints import read_card, weights_file
from fdemd.errors import InputError, unknown
from fdemd.features import Features

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_INSTALL = "run: pip install onnxruntime"
_USUAL_SIZE = (112, 112)
"""(height, width) of InsightFace's models, for a file that takes any."""
_SHOWN = 6
"""Maps that an error lists."""
_REASON = 200
"""Characters of a message of onnxruntime that an error repeats."""


class OnnxBackbone(Backbone):
    """A face network in an ONNX file, computed on the CPU with as many threads as PyTorch has.

    It has no parameters that PyTorch knows of and is not differentiable: it can be evaluated, not trained.

    The embedding is the file's first output. The patches are its last map with more than one place on the way to the
    embedding, that is, the one before everything is flattened or pooled (w600k_mbf: ``513``, 64x7x7; the richer map
    before its last convolution is ``509``, 512x7x7), or the map that the user names.
    """

    mean: Tensor
    scale: Tensor
    differentiable = False

    def __init__(
        self,
        checkpoint: str | None = None,
        patches: str | None = None,
        mean: float | Sequence[float] | None = None,
        scale: float | Sequence[float] | None = None,
        colour: str = "RGB",
        face_size: Sequence[int] | None = None,
        alignment: str = "insightface",
    ) -> None:
        """Read the file and find its patches.

        Args:
            checkpoint: Path of an ONNX file; None takes that of the model card w600k_mbf.
            patches: Name of the tensor that holds the patches, ``(B, C, rows, columns)``; None finds it.
            mean: Mean to subtract from the grey levels (0 to 255), one number or one a channel in the order of
                ``colour``; None is InsightFace's 127.5, or what the network's own first arithmetic leaves to be done
                (see :func:`fdemd.backbones.onnx_range.usual_range`).
            scale: Number to divide by after that; None is 127.5, likewise.
            colour: Order of the channels that the network was trained with, ``RGB`` or ``BGR``.
            face_size: ``(height, width)`` in pixels, for a file that takes any size; None is 112x112.
            alignment: Name of the alignment that it was trained with, a name in
                :data:`fdemd.faces.alignment.TEMPLATES`.

        Raises:
            InputError: onnxruntime or the file is missing, the file is damaged, onnxruntime cannot run it, it is no
                face network of this kind, it has no such tensor, or a setting is wrong.
        """
        super().__init__()
        if colour not in ("RGB", "BGR"):
            raise unknown("colour order", colour, ("RGB", "BGR"))
        graph = read_graph(weights_file(read_card("w600k_mbf"), checkpoint))
        height, width = _face_size(graph, face_size)
        self.face_size = (height, width)
        self.alignment = alignment
        self.weights_sha256 = graph.sha256
        self._bgr = colour == "BGR"
        self._input = graph.input
        self._one_by_one, maps = _probe(graph, self.face_size)
        self._graph, self._patches = graph, _chosen(graph, maps, patches)
        self._session = _session(graph, graph.part_computing([graph.embedding, self._patches]))
        usual = (mean, scale)
        if mean is None or scale is None:
            usual = usual_range(graph, self.face_size, self._started)
        for name, given, default in (("mean", mean, usual[0]), ("scale", scale, usual[1])):
            value = torch.tensor(default if given is None else given, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, value, persistent=False)

    def forward(self, faces: Tensor) -> Features:
        """Compute the features of ``faces (B, 3, H, W)``, float32 RGB in [0, 1], on their device, without gradients."""
        inputs = faces.detach().flip(1) if self._bgr else faces.detach()
        pixels = ((inputs * 255 - self.mean) / self.scale).cpu().numpy()
        if self._one_by_one:
            parts = [self._run(self._session, pixels[row : row + 1]) for row in range(len(pixels))]
            embedding, patches = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        else:
            embedding, patches = self._run(self._session, pixels)
        found = (torch.from_numpy(array).to(faces.device) for array in (embedding, patches))
        return grid_features(next(found).flatten(1), next(found))

    def _started(self, network: bytes) -> Callable[[np.ndarray], np.ndarray]:
        session = _session(self._graph, network)
        return lambda faces: self._run(session, faces)[0]

    def _run(self, session: InferenceSession, faces: np.ndarray) -> list[np.ndarray]:
        try:
            return session.run(None, {self._input: faces})
        except Exception as error:  # see _session
            raise _cannot_run(self._graph, error) from error

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`fdemd.backbones.backbone.Backbone`."""
        session = _session(self._graph, self._graph.part_from(self._patches))
        maps = patch_map.detach().cpu().split(1 if self._one_by_one else len(patch_map))
        try:
            parts = [session.run(None, {self._patches: part.contiguous().numpy()})[0] for part in maps]
        except Exception as error:  # see _session
            raise _cannot_run(self._graph, error) from error
        return torch.from_numpy(np.concatenate(parts)).flatten(1).to(patch_map.device)


def _face_size(graph: OnnxGraph, wanted: Sequence[int] | None) -> tuple[int, int]:
    height, width = wanted or graph.size or _USUAL_SIZE
    if graph.size and (height, width) != graph.size:
        raise InputError(
            f"{graph.path} takes faces of {graph.size[0]}x{graph.size[1]} pixels only, not {height}x{width}; leave "
            "model.face_size unset."
        )
    return height, width


def _onnxruntime() -> ModuleType:
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(f"model=onnx needs the Python package onnxruntime; {_INSTALL}") from error
    return onnxruntime


def _session(graph: OnnxGraph, network: bytes) -> InferenceSession:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # what goes wrong is raised as well
    try:
        return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class for each of its status codes, and no common one
        raise _cannot_run(graph, error) from error


def _probe(graph: OnnxGraph, size: tuple[int, int]) -> tuple[bool, dict[str, tuple[int, ...]]]:
    """Run the network once; return whether it takes one face at a time, and ``(C, rows, columns)`` of its maps.

    Shapes come from a run since files may lack them or have them wrong: some declare any number of faces although a
    constant inside ties them to one. The maps are in order, the last one first.
    """
    _onnxruntime()
    names = graph.tensors()
    try:
        trial = try_network(
            graph.part_computing([graph.embedding, *names]), graph.input, (1,) if graph.one_by_one else (2, 1), size
        )
    except TrialError as error:
        raise _cannot_run(graph, error) from error
    shape, *shapes = trial.shapes
    if shape is None or shape[:1] != (trial.count,) or prod(shape[1:]) < 2:
        raise InputError(
            f"{graph.path} is not a face recognition network: its first output, {graph.embedding}, is "
            f"{shape_text(shape or ())} for {trial.count} of {shape_text(size)} pixels, where embeddings belong."
        )
    maps: dict[str, tuple[int, ...]] = {
        name: found[1:]
        for name, found in zip(names, shapes, strict=True)
        if found is not None and len(found) == 4 and found[2] * found[3] > 1
    }
    return trial.count == 1, maps


def _chosen(graph: OnnxGraph, maps: dict[str, tuple[int, ...]], wanted: str | None) -> str:
    if not maps:
        raise InputError(f"{graph.path} has no patches: none of its tensors is a map with rows and columns.")
    if wanted is not None and wanted not in maps:
        listed = ", ".join(f"{name} ({shape_text(shape)})" for name, shape in list(maps.items())[:_SHOWN])
        raise InputError(f"{graph.path} has no map {wanted!r} to take as patches; its last maps are {listed}.")
    return wanted or next(iter(maps))


def _cannot_run(graph: OnnxGraph, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[-_REASON:].rstrip(".")  # it begins with places in onnxruntime's own source
    opsets = ", ".join(str(opset.version) for opset in graph.model.opset_import)
    return InputError(
        f"onnxruntime cannot run {graph.path} (operators of opset {opsets}): ... {reason}. A newer onnxruntime may "
        f"know more; {_INSTALL} -U"
    )
