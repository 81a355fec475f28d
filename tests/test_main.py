"""The console command ``fdemd``."""

import subprocess
import sys
from importlib import import_module

import pytest

from fdemd import __version__
from fdemd.__main__ import COMMANDS, main
from fdemd.jobs import JOBS


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(COMMANDS)
    assert main([]) == 0


def test_a_misspelt_command_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evalute", "--rerank"]) == 2
    assert capsys.readouterr().err.startswith("fdemd: unknown command 'evalute' (did you mean evaluate?); choose ")


def test_a_misspelt_key_is_told_as_by_evaluate_py(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--rerank", "modle=dlib"]) == 2
    assert capsys.readouterr().err.startswith("evaluate: unknown key 'modle' (did you mean model?)")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fdemd {__version__}\n"


@pytest.mark.parametrize("function", [*(each.function for each in (*COMMANDS.values(), *JOBS.values()))])
def test_every_entry_of_the_tables_is_there(function: str) -> None:
    module, _, name = function.partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("evaluate", "train", "calibrate")])
def test_every_command_calls_itself_by_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: fdemd {name} ")


def test_help_imports_next_to_nothing() -> None:
    script = (
        "import sys; from fdemd.__main__ import main; main(['--help'])\n"
        "sys.exit(bool({'hydra', 'pydantic', 'numpy', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0
