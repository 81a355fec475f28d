"""Run by ``test_cuda_compiled.py``: compile the kernels for cards that need not be there.

The engine is called as ever, with faces on the processor; only the launch is left out. The resources of the kernel that
Triton compiled for the arguments and the card are printed, one JSON object a line.

    python compile_kernels.py '[[90, 64, 512, "bfloat16"], ...]'   compute capability, patches, channels, type
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.backends.nvidia.compiler import get_ptxas
from triton.compiler import CompiledKernel
from triton.runtime.jit import JITFunction

from fdemd.emd.engines import cuda
from fdemd.emd.side import side_of
from fdemd.emd.sinkhorn import Converged
from fdemd.features import Features

compiled: list[CompiledKernel] = []


class Card:
    """What Triton asks of a card's driver before it compiles."""

    def __init__(self, capability: int) -> None:
        self.capability = capability

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", self.capability, 32)

    def get_current_device(self) -> int:
        return self.capability  # Triton keeps what it compiled by this number

    def get_current_stream(self, device: int) -> int:
        return 0


def compile_only(kernel: JITFunction, grid: tuple[int]) -> Callable[..., None]:
    return lambda *given, **settings: compiled.append(kernel.run(*given, grid=grid, warmup=True, **settings))


def resources(kernel: CompiledKernel, capability: int) -> dict[str, object]:
    """What the assembler says of a kernel: registers and spilt bytes a thread, shared memory a program."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_text(kernel.asm["ptx"])
        target = re.search(r"\.target (sm_\w+)", kernel.asm["ptx"])[1]
        command = [get_ptxas(capability).path, "-v", f"--gpu-name={target}", str(source), "-o", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    instructions = re.findall(r"wgmma\.mma_async|tcgen05\.mma|mma\.sync", kernel.asm["ptx"])
    return {
        "kernel": kernel.metadata.name,
        "registers": int(re.search(r"Used (\d+) registers", said)[1]),
        "spilt": int(re.search(r"(\d+) bytes spill stores", said)[1]),
        "shared": kernel.metadata.shared,
        "warps": kernel.metadata.num_warps,
        "products": instructions[0] if instructions else "fma",
    }


if __name__ == "__main__":
    JITFunction.__getitem__ = compile_only
    for capability, patches, channels, dtype in json.loads(sys.argv[1]):
        triton.runtime.driver.set_active(Card(capability))
        faces = Features(torch.zeros(2, 8), torch.randn(2, patches, channels).to(getattr(torch, dtype)), (1, patches))
        side = side_of(faces, "apc")
        cuda.solve(side, side, torch.zeros(2, 2, dtype=torch.long), eps=0.05, stop=Converged())
        print(json.dumps(resources(compiled[-1], capability)), flush=True)
