"""The commands on cards, as they are typed."""

from pathlib import Path
from typing import Any

import pytest

from fdemd.jobs.checkpoints_command import main
from tests.checkpoints.made_cards import Outcome


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: object) -> Outcome:
        status = main([str(word) for word in words], tmp_path)
        return Outcome(status, *capsys.readouterr())

    return call
