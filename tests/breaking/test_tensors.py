"""Wrong tensors for every public function, by the thousand, also against the compiled engine built with sanitizers."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fdemd.emd.engines import cpu

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]
NATIVE = Path(cpu.__file__).parent / "native" / "cpu.cpp"
SANITIZED = ["-std=c++17", "-O1", "-g", "-fPIC", "-shared", "-pthread", "-Wno-psabi"]
SANITIZED += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def hostile(*arguments: object, **environment: str) -> tuple[int, int]:
    """Calls tried, and how many gave the right value or refused."""
    command = [sys.executable, str(TESTS / "hostile_tensors.py"), *map(str, arguments)]
    environment |= {"PYTHONPATH": str(TESTS.parent)}
    ran = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    counts = [count for line in ran.stdout.splitlines() for count in json.loads(line).values()]
    return sum(count["tried"] for count in counts), sum(
        count.get("right", 0) + count.get("refused", 0) for count in counts
    )


def test_wrong_tensors_break_no_function(tally: Callable[[str, int, int], None]) -> None:
    tally("wrong tensors for every public function", *hostile(40))


@pytest.mark.skipif(not importlib.util.find_spec("triton"), reason="the cuda engine's interpreter is not installed")
def test_engines_take_and_refuse_the_same(tally: Callable[[str, int, int], None]) -> None:
    tally("wrong tensors for all engines alike", *hostile(150, "--only", "engines"))


def test_sanitizers_find_nothing_in_the_compiled_engine(tmp_path: Path, tally: Callable[[str, int, int], None]) -> None:
    """Addresses out of bounds, overflows, null pointers and the like end the process."""
    if not shutil.which("g++"):
        pytest.skip("there is no g++ to build with sanitizers")
    library = tmp_path / "engine.so"
    subprocess.run(["g++", *SANITIZED, str(NATIVE), "-o", str(library)], check=True)
    # Both at the very start: the sanitizer looks there for what throws exceptions.
    first = " ".join(
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so.6")
    )
    # Python and torch leave memory to the end of the process, which is no fault of ours.
    environment = {"LD_PRELOAD": first, "ASAN_OPTIONS": "detect_leaks=0"}
    tried = [hostile(20, "--library", library, "--only", only, **environment) for only in ("cpu", "engines: solve")]
    tally("wrong tensors for the engine with sanitizers", *(sum(counts) for counts in zip(*tried, strict=True)))
