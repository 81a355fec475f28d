"""What was not used of some photographs, listed: nothing is lost silently. :mod:`fdemd.data.accounting` counts it."""

from __future__ import annotations

from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest


def left_out_files(manifest: Manifest, faces: AlignedFaces) -> list[tuple[str, str, str]]:
    """Path, problem and reason of photographs that gave no face, and of files that are no photographs."""
    without = [(manifest.photographs[entry.row].path, entry.problem, entry.reason) for entry in faces.left_out]
    return without + [(path, "ignored", reason) for path, reason in manifest.ignored]
