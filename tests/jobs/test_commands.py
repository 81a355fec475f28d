"""The commands ``evaluate`` and ``train``."""

import subprocess
import sys

import pytest

from fdemd.jobs import JOBS
from fdemd.jobs.commands import evaluate, train


def test_mistakes_are_told_before_torch_is_imported() -> None:
    program = (
        "import sys\n"
        "from fdemd.jobs.commands import evaluate\n"
        "status = evaluate(['k=0'])\n"
        "sys.exit(0 if status == 2 and 'torch' not in sys.modules else 1)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_help_imports_no_hydra() -> None:
    script = (
        "import sys; from fdemd.jobs.commands import evaluate; evaluate(['--help']); sys.exit('hydra' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(("command", "config"), [(evaluate, "evaluate"), (train, "train")])
def test_help_names_the_command_and_the_jobs_that_it_runs(command, config, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["--help"], f"fdemd {config}") == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: fdemd {config} [")
    own = [name for name, job in JOBS.items() if job.config == config]
    assert all(f"\n  {name} " in printed for name in own) == (len(own) > 1)


@pytest.mark.parametrize(
    ("line", "networks"),
    [
        ("", ["dlib", "sface"]),
        ("query=mask k=5 output=here", ["dlib", "sface"]),
        ("alpha=0,1", ["dlib", "dlib"]),
        ("model=sface", ["sface"]),
        ("model.grid=4", ["dlib"]),
        ("data=lfw", ["dlib"]),
        ("data=folder root=people", ["sface"]),
        ("experiment=ood", ["dlib"]),
    ],
)
def test_two_networks_are_evaluated_unless_something_else_is_chosen(
    line: str, networks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("fdemd.jobs.run", lambda settings: seen.append(settings.model.backbone))
    assert evaluate(line.split()) == 0
    assert seen == networks


def test_a_mistake_is_told_in_the_name_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["trainer.max_steps=0"]) == 2
    assert capsys.readouterr().err.startswith("train: trainer.max_steps is 0; nothing would be trained.")
