"""The first run of an ONNX file, in a process of its own with bounded memory and time: it may be anybody's file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

_SCRIPT = Path(__file__).with_name("isolated") / "onnx_trial.py"
_MEMORY = 4 << 30
"""Bytes of address space, and several times the network: iresnet100 with two faces takes less than half of it."""
_COPIES = 6
_SECONDS = 300
_WAIT = 4 * _SECONDS
"""Seconds on a clock, on a machine that has other things to do."""


class TrialError(Exception):
    """The network could not be run; the message is that of onnxruntime or of the system."""


@dataclass(frozen=True)
class Trial:
    """Result of a trial run.

    Attributes:
        count: Number of faces that the network was given.
        shapes: Shape of each output; None for one that is no tensor.
    """

    count: int
    shapes: list[tuple[int, ...] | None]


def try_network(network: bytes, name: str, counts: tuple[int, ...], size: tuple[int, int]) -> Trial:
    """Run a network on random faces in a process of its own.

    Args:
        network: Bytes of the ONNX file.
        name: Name of its input.
        counts: Numbers of faces to try in this order, until the network takes one.
        size: ``(height, width)`` of a face in pixels.

    Raises:
        TrialError: The network cannot be run, or not within the memory and time allowed.
    """
    memory = _MEMORY + _COPIES * len(network)
    asked = {"input": name, "counts": counts, "size": size, "memory": memory, "seconds": _SECONDS}
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            [sys.executable, str(_SCRIPT)],
            input=json.dumps(asked).encode() + b"\n" + network,
            capture_output=True,
            env=os.environ | single,
            timeout=_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TrialError(f"it did not end within {_WAIT} seconds") from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise TrialError(f"it did not end within {_SECONDS} seconds of the processor, or was killed")
    if done.returncode < 0:
        raise TrialError(f"onnxruntime itself crashed on it ({signal.Signals(-done.returncode).name})")
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TrialError(f"the process that tried it ended with {last or f'status {done.returncode}'}")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "error" in answer:
        bounded = f" (it may take {decimal(memory)})" if "memory" in answer["error"].lower() else ""
        raise TrialError(answer["error"] + bounded)
    return Trial(answer["count"], [None if shape is None else tuple(shape) for shape in answer["shapes"]])
