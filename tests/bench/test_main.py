"""``fdemd bench``: a command for each benchmark."""

import argparse

import pytest

from fdemd.bench.__main__ import BENCHMARKS, main
from fdemd.errors import InputError


def test_help_has_a_line_for_each_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name, benchmark in BENCHMARKS.items():
        assert f"{name} {' '.join(str(benchmark.__doc__).partition(chr(10))[0].split())}" in printed


def test_without_a_benchmark_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "the following arguments are required: benchmark" in capsys.readouterr().err


def test_a_mistake_is_told_in_the_name_of_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(arguments: argparse.Namespace) -> int:
        raise InputError("There is no graphics card.")

    monkeypatch.setattr(BENCHMARKS["backbones"], "run", refuse)
    assert main(["backbones"]) == 2
    assert capsys.readouterr().err == "bench: there is no graphics card.\n"
