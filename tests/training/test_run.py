"""The folder of a run: one run at a time, and nothing of anybody else's is removed."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from fdemd.jobs.finetune import Finetuned
from tests.short_training import ROOT

pytestmark = pytest.mark.usefixtures("tiny")


def test_only_what_a_killed_run_left_is_removed(going_on: Callable[..., tuple[int, str]], done: Finetuned) -> None:
    checkpoints = done.folder / "checkpoints"
    left, own, folder = (
        checkpoints / name for name in (".0123456789abcdef.part", ".notes.part", ".fedcba9876543210.part")
    )
    left.touch()
    own.write_text("mine")
    folder.mkdir()
    status, said = going_on("trainer.max_steps=3")
    assert status == 0, said
    assert not left.exists()
    assert own.read_text() == "mine"
    assert folder.is_dir()


def test_a_second_run_in_a_folder_is_refused(going_on: Callable[..., tuple[int, str]], done: Finetuned) -> None:
    holder = (
        f"from pathlib import Path; from fdemd.files.lock import alone_in\n"
        f"with alone_in(Path({str(done.folder)!r}), ''):\n"
        "    print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        status, said = going_on()
        assert status == 2
        assert f"another run is at work in {done.folder}" in said
        process.kill()
    assert going_on()[0] == 0, "a lock ends with its process"
