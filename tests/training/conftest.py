"""Fixtures of a short training, and of one that is resumed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fdemd.cli.command_line import main
from fdemd.jobs import run
from fdemd.jobs.finetune import Finetuned
from tests.short_training import settings, tiny, train

__all__ = ["settings", "tiny"]


@pytest.fixture
def words(settings: list[str], people: Path) -> list[str]:
    """A short run on photographs that a test may spoil."""
    return [*settings, f"data.root='{people}'", "trainer.max_steps=2", "validation.every=2"]


@pytest.fixture
def done(words: list[str]) -> Finetuned:
    return train(*words)


@pytest.fixture
def going_on(words: list[str], done: Finetuned, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Goes on with the run; gives the status and what was said on stderr."""

    def call(*more: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main("train", run, "test", [*words, f"resume='{done.folder}'", *more])
        return status, capsys.readouterr().err

    return call
