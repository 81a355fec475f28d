"""Commands keep freed memory: a tensor after another one costs no page faults."""

import os
import subprocess
import sys

import pytest

_FAULTS = """
import ctypes, resource, sys
from fdemd.cli.memory import keep_freed_memory
if not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
    print("no glibc")
    sys.exit()
if sys.argv[1] == "kept":
    keep_freed_memory()
import numpy as np
def make():
    for _ in range(20):
        np.ones(4 << 20)  # 32 MiB: above what glibc ever keeps by itself
make()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
make()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(how: str, **environment: str) -> int:
    found = subprocess.run(
        [sys.executable, "-c", _FAULTS, how],
        capture_output=True,
        text=True,
        check=True,
        env={**_clean(), **environment},
    ).stdout.strip()
    if found == "no glibc":
        pytest.skip("the C library is not glibc, which alone can be told to keep memory")
    return int(found)


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}


def test_what_was_freed_is_used_again():
    assert _faults("kept") < 100 < _faults("left")


def test_who_sets_glibcs_variables_decides():
    assert _faults("kept", MALLOC_TOP_PAD_="0") > 100
