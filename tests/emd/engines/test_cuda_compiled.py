"""The kernels as they are compiled for real cards, on any machine: Triton brings NVIDIA's assembler along.

A spill is a register that had to be kept in the card's memory; a program that takes more shared memory than a card has
could not start there. Neither can be seen under Triton's interpreter.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("triton.backends.nvidia")

ROOT = Path(__file__).parents[3]
AMPERE, ADA, HOPPER, BLACKWELL, CONSUMER_BLACKWELL = 80, 89, 90, 100, 120
SMALLEST_SHARED_MEMORY = 99 * 1024
"""Of a program on consumer cards (compute capabilities 8.6, 8.9 and 12.0), bytes."""


def compiled(cases: Sequence[tuple[int, int, int, str]], cache: Path) -> list[dict]:
    """Resources of the kernel for each capability, number of patches, channels and type."""
    environment = os.environ | {"TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    script = Path(__file__).with_name("compile_kernels.py")
    run = subprocess.run(
        [sys.executable, script, json.dumps(cases)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_the_common_kernels_fit_into_registers_and_use_tensor_cores(tmp_path: Path) -> None:
    hopper, ampere = compiled([(HOPPER, 64, 512, "bfloat16"), (AMPERE, 9, 1792, "float16")], tmp_path)
    assert (hopper["products"], ampere["products"]) == ("wgmma.mma_async", "mma.sync")
    assert hopper["spilt"] == ampere["spilt"] == 0
    assert hopper["registers"] <= 128, "fewer than four programs would fit on a multiprocessor"


@pytest.mark.slow
@pytest.mark.parametrize("capability", [AMPERE, ADA, HOPPER, BLACKWELL, CONSUMER_BLACKWELL])
def test_every_kernel_can_be_compiled_and_started(tmp_path: Path, capability: int) -> None:
    grids = [(9, 1792), (16, 256), (25, 37), (42, 512), (49, 512), (64, 512), (100, 20), (128, 512), (196, 384)]
    cases = [
        (capability, patches, channels, dtype)
        for patches, channels in [*grids, (256, 256)]
        for dtype in ("bfloat16", "float16", "float32")
    ]
    for case, found in zip(cases, compiled(cases, tmp_path), strict=True):
        print(*case, json.dumps(found))
        assert found["shared"] <= SMALLEST_SHARED_MEMORY, case
        if case[1] <= 64 and case[3] != "float32":
            assert found["spilt"] <= 16, case
