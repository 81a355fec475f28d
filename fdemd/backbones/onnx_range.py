"""The range of grey levels that an ONNX network takes, inferred from its own first arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fdemd.backbones.onnx_reading import tensors_read

if TYPE_CHECKING:
    from fdemd.backbones.onnx_graph import OnnxGraph

Start = Callable[[bytes], Callable[[np.ndarray], np.ndarray]]
"""Takes a network as a file; gives what runs it on faces ``(B, 3, H, W)`` and returns its first output."""

_PIXELWISE = frozenset(
    {
        *("Add", "BatchNormalization", "Div", "Mul", "Neg", "Sub"),
        *("Cast", "Concat", "Dropout", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split"),
        *("Squeeze", "Transpose", "Unsqueeze"),
    }
)
"""Operators that scale, shift or move pixels; after them comes what looks at several at once."""
_NO_PIXELS = frozenset({"Shape", "Size"})
RANGES = ((127.5, 127.5), (0.0, 1.0), (0.0, 255.0))
"""(mean, scale) by which faces become -1 to 1 (InsightFace's), stay 0 to 255 (that came from MXNet), become 0 to 1."""
_SPAN = (0.5, 32)
"""How far apart black and white are where a network's filters begin: 2 from -1 to 1, 4 or 5 with ImageNet's deviations,
255 where nobody has divided by anything."""


def first_look(graph: OnnxGraph) -> str:
    """Return the name of the input of the first layer: the faces after whatever scales, shifts or moves pixels."""
    moved, known = {graph.input}, graph.constants()
    for node in graph.model.graph.node:
        faces = [name for name in [*node.input, *sorted(tensors_read(node))] if name in moved]
        if not faces or node.op_type in _NO_PIXELS:
            continue
        if node.op_type not in _PIXELWISE or node.domain or not all(name in moved | known for name in node.input):
            return faces[0]
        moved.update(node.output)
    return graph.input


def usual_range(graph: OnnxGraph, size: tuple[int, int], start: Start) -> tuple[float, float]:
    """Return the mean and scale that the network's own first arithmetic leaves to be done.

    Each usual normalisation is tried on a black and a white face; the right one is that after which the two lie around
    zero and about as far apart as networks have them. Without such arithmetic it is InsightFace's.
    """
    looked_at = first_look(graph)
    if looked_at == graph.input:
        return RANGES[0]
    run = start(graph.part_computing([looked_at]))

    def distance(way: tuple[float, float]) -> tuple[bool, float]:
        mean, scale = way
        ends = [run(np.full((1, 3, *size), (level - mean) / scale, np.float32)).mean() for level in (0, 255)]
        span = abs(float(ends[1]) - float(ends[0]))
        centre = abs(float(ends[0]) + float(ends[1])) / 2
        off = centre / span if span else np.inf
        return not (_SPAN[0] <= span <= _SPAN[1] and off <= 1), off

    return min(RANGES, key=distance)
