"""What the report of a prepared set tells those who use the set."""

from __future__ import annotations

import json
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.regular import open_regular

REPORT, WITHOUT_FACE = "report.json", "photographs without a face"
"""File beside the manifest of a prepared set, and what it calls the photographs that gave no face."""


def read_without_face(folder: Path) -> list[tuple[str, str, str]]:
    """Return the photographs that gave no face when a set was prepared: name in the download, problem and reason.

    Args:
        folder: Folder of the set; without a report it lists none.

    Raises:
        InputError: The report cannot be read or is damaged.
    """
    try:
        with open_regular(folder / REPORT) as file:
            facts = json.loads(file.readall())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{folder / REPORT} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder / REPORT} is damaged: {error}; prepare the set again.") from error
    rows = facts.get(WITHOUT_FACE, []) if isinstance(facts, dict) else []
    return [(name, problem, reason) for name, problem, reason in rows]
