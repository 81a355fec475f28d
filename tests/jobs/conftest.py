"""Fixtures of a short training."""

from tests.short_training import settings, tiny

__all__ = ["settings", "tiny"]
