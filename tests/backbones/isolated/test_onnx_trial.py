"""The bounds of the process in which a network is first run."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "fdemd/backbones/isolated/onnx_trial.py"
LIMITED = """
import resource, runpy, sys
script, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
runpy.run_path(script)["limit"](4 << 30, 300)
print(*resource.getrlimit(resource.RLIMIT_AS), *resource.getrlimit(resource.RLIMIT_CPU))
"""


@pytest.mark.parametrize(
    ("memory", "seconds", "expected"),
    [
        (-1, -1, [4 << 30, 4 << 30, 300, 301]),
        (2 << 30, 100, [2 << 30, 2 << 30, 100, 100]),
        (8 << 30, 300, [4 << 30, 4 << 30, 300, 300]),
    ],
    ids=["unlimited", "stricter", "looser"],
)
def test_stricter_limits_of_the_account_stay(memory: int, seconds: int, expected: list[int]) -> None:
    """Only root may raise them; for all others that would be an error."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, SCRIPT, str(memory), str(seconds)], capture_output=True, text=True, check=True
    )
    assert list(map(int, done.stdout.split())) == expected
