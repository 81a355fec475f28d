"""Fixtures of a short training, and of the commands on cards."""

from tests.checkpoints.conftest import run
from tests.short_training import settings, tiny

__all__ = ["run", "settings", "tiny"]
