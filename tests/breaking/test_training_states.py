"""Training states are damaged in hundreds of ways, and trainings killed at any step: nothing wrong is believed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from fdemd.checkpoints.training_state import PlainCheckpoints, read_state
from fdemd.errors import InputError
from fdemd.training.module import FinetuneModule
from fdemd.training.validation import IdentificationMetric
from tests.breaking.conftest import Tally
from tests.data.test_workers import until
from tests.short_training import ROOT, settings, tiny, train, weights_of  # noqa: F401  (fixtures)

pytestmark = pytest.mark.slow

STEPS = 8


@pytest.fixture
def whole(tiny: None, settings: list[str]) -> Any:  # noqa: F811
    """A training that nothing happened to."""
    return train(*settings, "validation.every=3", f"trainer.max_steps={STEPS}")


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> bool:
    """Whether a training refuses to go on, in one sentence."""
    from fdemd.cli.command_line import main
    from fdemd.jobs import run

    capsys.readouterr()
    status = main("train", run, "test", words)
    return status == 2 and len(capsys.readouterr().err.splitlines()) == 1


def test_flipped_bits_and_cuts_are_found(whole: Any, tally: Tally) -> None:
    path = whole.checkpoint("last")
    content, draw = path.read_bytes(), random.Random(0)
    flips = [draw.randrange(8 * len(content)) for _ in range(1000)]
    flips += range(8 * (len(content) - 200), 8 * len(content))  # the end of the zip file and the seal, every bit
    found = 0
    for bit in flips:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        found += unreadable(path)
    tally("single bits of a training state flipped", len(flips), found)
    cuts = [draw.randrange(len(content)) for _ in range(200)]
    found = 0
    for length in cuts:
        path.write_bytes(content[:length])
        found += unreadable(path)
    tally("training states cut short", len(cuts), found)


def unreadable(path: Path) -> bool:
    try:
        read_state(path)
    except InputError:
        return True
    return False


def places(state: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a state there is a value, of all depths."""
    items: list[Any] = []
    if isinstance(state, dict):
        items = list(state.items())
    elif isinstance(state, list):
        items = list(enumerate(state))
    return [each for key, value in items for each in [(*path, key), *places(value, (*path, key))]]


def itself() -> list[Any]:
    """A list that contains itself."""
    endless: list[Any] = []
    endless.append(endless)
    return endless


WRONG: list[Callable[[], Any]] = [
    lambda: "text",
    lambda: -1,
    lambda: 10**400,
    lambda: float("nan"),
    lambda: {"x": 1},
    lambda: [None, 3],
    itself,
    lambda: torch.full((2, 2), torch.nan),
    lambda: torch.zeros(1).expand(10**6, 10**6),
    lambda: torch.eye(3).to_sparse(),
]


def test_states_that_lack_or_hold_something_else_are_refused(
    whole: Any,
    settings: list[str],  # noqa: F811
    tally: Tally,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every value once missing or replaced by one of another kind, with the right checksum."""
    path = whole.checkpoint("last")
    words = [*settings, "validation.every=3", f"trainer.max_steps={STEPS}", f"resume='{whole.folder}'"]
    draw, intact = random.Random(1), path.read_bytes()
    tried = held = 0
    everything = places(read_state(path))
    for place in [*[(key,) for key in read_state(path)], *draw.sample(everything, 60)]:
        state = read_state(path)
        target = state
        for key in place[:-1]:
            target = target[key]
        before = target[place[-1]]
        if draw.random() < 0.3 and isinstance(target, dict):
            del target[place[-1]]
        else:
            target[place[-1]] = draw.choice([make for make in WRONG if type(make()) is not type(before)])()
        try:
            PlainCheckpoints().save_checkpoint(state, path)
        except (ValueError, RecursionError):  # what PyTorch cannot even write
            path.write_bytes(intact)
            continue
        tried += 1
        held += refused(words, capsys)
        path.write_bytes(intact)
    tally("states with a value missing or of another kind", tried, held)


@pytest.mark.parametrize(("accumulated", "batches"), [(1, STEPS), (2, 12)])
def test_trainings_told_to_stop_at_any_step_end_with_the_same_weights(
    accumulated: int,
    batches: int,
    tiny: None,  # noqa: F811
    settings: list[str],  # noqa: F811
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from fdemd.cli.command_line import main
    from fdemd.jobs import run

    words = [*settings, "validation.every=3", f"trainer.max_steps={STEPS}"]
    words.append(f"trainer.accumulate_grad_batches={accumulated}")
    straight = train(*words)
    moments = [(FinetuneModule, "training_step", batch) for batch in range(batches)]
    moments += [(IdentificationMetric, name, at) for name, at in (("update", 2), ("compute", 1), ("compute", 2))]
    held = 0
    for number, (kind, method, at) in enumerate(moments):
        sent = (signal.SIGTERM, signal.SIGINT)[number % 2]
        calls, original = iter(range(10**6)), getattr(kind, method)

        def interrupted(
            *arguments: Any, original: Any = original, calls: Any = calls, at: int = at, sent: int = sent
        ) -> Any:
            if next(calls) == at:
                os.kill(os.getpid(), sent)
            return original(*arguments)

        out = tmp_path / f"stopped {number}"
        with monkeypatch.context() as patch:
            patch.setattr(kind, method, interrupted)
            assert main("train", run, "test", [*words, f"output='{out}'"]) == 128 + sent
        (folder,) = out.iterdir()
        if kind is IdentificationMetric and method == "update":  # before the first step: nothing to go on from
            held += not (folder / "checkpoints" / "last.ckpt").exists()
            continue
        resumed = train(*words, f"resume='{folder}'")
        held += all(
            torch.equal(value, weights_of(resumed.checkpoint(name))[key])
            for name in ("last", "best")
            for key, value in weights_of(straight.checkpoint(name)).items()
        )
    tally(f"SIGTERM and Ctrl-C while training, {accumulated} batches a step", len(moments), held)


def test_trainings_killed_at_any_step_end_with_the_same_weights(
    whole: Any,
    settings: list[str],  # noqa: F811
    tally: Tally,
    tmp_path: Path,
) -> None:
    """kill -9, from a process that has all modules and forks the trainings."""
    words = [*settings, "validation.every=3", f"trainer.max_steps={STEPS}", "trainer.save_every=2"]
    moments = random.Random(2).sample(range(2 * STEPS), 6)
    command = [
        sys.executable,
        "-m",
        "tests.breaking.killed_trainings",
        str(tmp_path),
        ",".join(map(str, moments)),
        *words,
    ]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})
    held = 0
    for moment in moments:
        (folder,) = (tmp_path / f"killed {moment}").iterdir()
        held += all(
            torch.allclose(value, weights_of(folder / "checkpoints" / f"{name}.ckpt")[key], atol=1e-6)
            for name in ("last", "best")
            for key, value in weights_of(whole.checkpoint(name)).items()
        ) and not list(folder.rglob("*.part"))
    tally("trainings killed (SIGKILL) and gone on with", len(moments), held)


def test_a_full_disk_leaves_the_last_good_state(
    tiny: None,  # noqa: F811
    settings: list[str],  # noqa: F811
    small_disk: Callable[[int], Path],
    tally: Tally,
    capsys: pytest.CaptureFixture[str],
) -> None:
    disk = small_disk(12)
    words = [*settings, "validation.every=100", f"trainer.max_steps={STEPS}", "trainer.save_every=2"]
    words += ["optimizer.schedule=constant", "optimizer.warmup=0"]  # as the first part of the run is a shorter run
    straight = train(*words)
    held, seeds = 0, range(4)
    for seed in seeds:
        out = disk / str(seed)
        train(*words, f"output='{out}'", "trainer.max_steps=2")
        (folder,) = out.iterdir()
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        size = (folder / "checkpoints" / "last.ckpt").stat().st_size
        filler = disk / "filler"
        filler.write_bytes(bytes(max(0, free - size * (seed + 1) // 5)))
        state = (folder / "checkpoints" / "last.ckpt").read_bytes()
        told = refused([*words, f"resume='{folder}'"], capsys)
        kept = (folder / "checkpoints" / "last.ckpt").read_bytes() == state
        filler.unlink()
        resumed = train(*words, f"resume='{folder}'")
        same = all(
            torch.equal(value, weights_of(resumed.checkpoint("last"))[key])
            for key, value in weights_of(straight.checkpoint("last")).items()
        )
        held += told and kept and same
        for file in folder.rglob("*.ckpt"):
            file.unlink()
    tally("trainings on a disk that became full", len(seeds), held)


@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_kill_ends_every_process_with_143_and_a_state(
    processes: int, whole_group: bool, few_people: Path, tmp_path: Path, tally: Tally
) -> None:
    """As ``kill`` does for one process, and SLURM for all of them, data workers included."""
    model = ["model=timm", "model.name=vit_tiny_patch16_224", "model.head=pool", "model.face_size=[64,64]"]
    data = ["data=folder", f"data.root={few_people}", "data.num_workers=1", "data.batch_size=4", "validation.people=0"]
    trainer = ["trainer=cpu"] if processes == 1 else ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    steps = ["trainer.max_steps=100000", "trainer.save_every=1", "logger=none", f"output={tmp_path}"]
    with subprocess.Popen(
        [sys.executable, "train.py", *model, *data, *trainer, *steps],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert until(lambda: bool(list(tmp_path.glob("*/checkpoints/last.ckpt"))), 200)
        if whole_group:
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.send_signal(signal.SIGTERM)
        status = process.wait(100)
        assert process.stderr
        said = process.stderr.read().splitlines()
    (folder,) = tmp_path.iterdir()
    state = read_state(folder / "checkpoints" / "last.ckpt")
    told = all(line == f"train: stopped by SIGTERM; go on with resume={folder}." for line in said) and bool(said)
    gone = until(lambda: not group(process.pid), 60)
    held = status == 143 and told and state["global_step"] > 0 and gone
    assert held, (status, said)
    tally(f"SIGTERM to {'all' if whole_group else 'one'} of a training of {processes} processes", 1, int(held))


def group(leader: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = entry.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of_group) == leader and state != "Z":
            found.append(int(entry.parent.name))
    return found
