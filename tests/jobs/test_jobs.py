"""The table of jobs, and how one is run."""

from types import SimpleNamespace
from typing import get_args

import pytest

import fdemd.jobs.evaluate
import fdemd.jobs.named_files
from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.jobs import JOBS, run
from fdemd.settings.jobs import SCHEMAS


@pytest.mark.parametrize("config", SCHEMAS)
def test_the_jobs_are_those_that_the_settings_name(config: str) -> None:
    named = set(get_args(SCHEMAS[config].model_fields["job"].annotation))
    assert named == {name for name, job in JOBS.items() if job.config == config}


def test_a_job_runs_with_its_settings_and_gives_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = plan("evaluate", [])[0].settings
    monkeypatch.setattr(fdemd.jobs.evaluate, "evaluate", lambda given: SimpleNamespace(settings=given))
    assert run(settings).settings is settings


def test_named_files_are_looked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fdemd.jobs.evaluate, "evaluate", lambda given: pytest.fail("the job was begun"))
    with pytest.raises(InputError, match="/no/such does not exist"):
        run(plan("evaluate", ["data=folder", "data.root=/no/such"])[0].settings)
