"""The server's log: a line of JSON for each request, on stderr, without names of people, faces or embeddings."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from typing import Any

_PLACES = 12
"""Innermost places of an unexpected error that are logged."""


def write_log(**facts: Any) -> None:
    """Write a line.

    Args:
        **facts: What it says beside the time.
    """
    line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), **facts}
    print(json.dumps(line, ensure_ascii=True), file=sys.stderr, flush=True)


def places_of(error: BaseException) -> list[str]:
    """Return where an unexpected error came up, outermost place first, without its message: that may quote anything.

    Examples:
        >>> places_of(ValueError("Ann Lee"))
        ['ValueError']
    """
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    return [*(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames), type(error).__name__]


class JsonLines(logging.Handler):
    """Writes what uvicorn says of itself in the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        error = record.exc_info[1] if record.exc_info else None
        facts = {"places": places_of(error)} if error is not None else {}
        write_log(event="server", level=record.levelname.lower(), message=record.getMessage(), **facts)
