"""What several tests of the cache need."""

import os
import time
from pathlib import Path

from fdemd.cache.entries import DAY


def make_old(folder: Path, days: float) -> None:
    """Let a folder and its files look as if nobody had touched them for some days."""
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (time.time() - days * DAY,) * 2)
