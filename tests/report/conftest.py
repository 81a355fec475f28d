"""Reports are logged as runs are."""

from tests.runs.conftest import offline_runs, run_log
from tests.short_training import settings, tiny

__all__ = ["offline_runs", "run_log", "settings", "tiny"]
