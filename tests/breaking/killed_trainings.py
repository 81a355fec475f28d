"""Kills trainings, and goes on with each: python -m tests.breaking.killed_trainings FOLDER MOMENTS SETTING..."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from fdemd.backbones import BACKBONES
from fdemd.checkpoints.training_state import PlainCheckpoints
from fdemd.training.module import FinetuneModule
from tests.short_training import Tiny, train


def forked(work: Callable[[], Any]) -> int:
    """Do something in a process of its own; return its status."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)


def kill_at(moment: int) -> None:
    """Kill this process at a step if the moment is even, else while it saves, the file half written."""
    calls = iter(range(10**6))
    kind, method = ((FinetuneModule, "training_step"), (PlainCheckpoints, "save_checkpoint"))[moment % 2]
    original = getattr(kind, method)

    def killed(*arguments: Any, **named: Any) -> Any:
        if next(calls) == moment // 2:
            if moment % 2:
                torch.save = lambda content, file: (file.write(b"half a file"), os.kill(os.getpid(), signal.SIGKILL))
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(kind, method, killed)


def main() -> None:
    """Kill and go on, once a moment."""
    folder, moments, *settings = sys.argv[1:]
    torch.set_num_threads(1)
    BACKBONES["dlib"] = Tiny
    for moment in map(int, moments.split(",")):
        output = Path(folder) / f"killed {moment}"

        def begin(moment: int = moment, output: Path = output) -> None:
            kill_at(moment)
            train(*settings, f"output='{output}'")

        status = forked(begin)
        (run,) = output.iterdir()
        again = [f"resume='{run}'"] if (run / "checkpoints" / "last.ckpt").exists() else []
        if not again:  # nothing was saved yet
            run.rename(Path(folder) / f"nothing {moment}")
            again = [f"output='{output}'"]
        assert forked(lambda again=again: train(*settings, *again)) == 0, (moment, status)


if __name__ == "__main__":
    main()
