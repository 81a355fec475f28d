"""Reports are logged as runs are."""

from tests.runs.conftest import offline_runs, settings

__all__ = ["offline_runs", "settings"]
