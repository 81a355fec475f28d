"""The processes of a Ray that a test started, to be killed: no others of the same name that run here."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def below(*roots: int) -> dict[int, str]:
    """Processes that some processes began, and those that these began -> their names."""
    command = ["ps", "-eo", "pid,ppid,args", "--no-headers"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split(maxsplit=2) for line in lines]
    found: dict[int, str] = {}
    wanted = set(roots)
    while wanted:
        new = {int(pid): name for pid, parent, name in rows if int(parent) in wanted and int(pid) not in found}
        found |= new
        wanted = set(new)
    return found


def named(name: str, *roots: int) -> list[int]:
    """Those of a name, in rising order."""
    return sorted(pid for pid, words in below(*roots).items() if words.startswith(f"ray::{name}"))


@contextmanager
def one_is_killed(name: str, begun: Callable[[], object]) -> Iterator[None]:
    """Kill a process of a name that this one's Ray began, as soon as its work has begun; the block has that work."""
    killed = list[int]()

    def kill() -> None:
        while not killed:
            if begun() and (found := named(name, os.getpid())):
                killed.append(found[0])
                os.kill(found[0], signal.SIGKILL)
            time.sleep(0.1)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    yield
    killer.join(10)
    assert killed
