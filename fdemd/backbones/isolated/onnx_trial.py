"""Script that runs an ONNX network once, in a process of its own, which bounds its memory and time and any crash.

Reads, on its standard input, a line of JSON (see :func:`fdemd.backbones.onnx_trial.try_network`) and then the network;
writes a line of JSON. It must not import fdemd: torch takes seconds to load, and gigabytes of address space.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from typing import Any


def main() -> None:
    """Answer one request from the standard input."""
    source = sys.stdin.buffer
    asked = json.loads(source.readline())
    limit(asked["memory"], asked["seconds"])
    try:
        answer = try_counts(asked, source.read())
    except MemoryError:
        answer = {"error": "it needs more memory"}
    except Exception as error:  # onnxruntime has a class for each of its status codes, and no common one
        answer = {"error": str(error)}
    print(json.dumps(answer))


def limit(memory: int, seconds: int) -> None:
    """Limit the address space (bytes) and the processor time (seconds), unless stricter limits hold already."""
    for kind, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, present = resource.getrlimit(kind)
        if present != resource.RLIM_INFINITY:  # which Python has as -1; none but root may raise another
            soft, hard = min(soft, present), min(hard, present)
        resource.setrlimit(kind, (soft, hard))


def try_counts(asked: Mapping[str, Any], network: bytes) -> dict[str, Any]:
    """Return the shapes of the outputs for the first number of faces that the network takes."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # each thread takes address space
    options.log_severity_level = 4  # what goes wrong is raised as well
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    for count in asked["counts"]:
        faces = np.random.default_rng(0).uniform(-1, 1, (count, 3, *asked["size"])).astype(np.float32)
        try:
            outputs = session.run(None, {asked["input"]: faces})
        except Exception:
            if count == asked["counts"][-1]:
                raise
        else:
            shapes = [list(output.shape) if isinstance(output, np.ndarray) else None for output in outputs]
            if (shapes[0] or [0])[:1] == [count] or count == asked["counts"][-1]:
                return {"count": count, "shapes": shapes}
    raise AssertionError("no number of faces was asked for")


if __name__ == "__main__":
    main()
