"""What was not used of some photographs, counted and listed: nothing is lost silently."""

from __future__ import annotations

from fdemd.data.aligned import NO_FACE, UNREADABLE, AlignedFaces
from fdemd.data.manifest import Manifest


def left_out_counts(manifest: Manifest, faces: AlignedFaces) -> dict[str, int]:
    """Photographs, people, and what was left out of them by reason."""
    problems = [entry.problem for entry in faces.left_out]
    return {
        "photographs": len(manifest.photographs),
        "people": len({photograph.identity for photograph in manifest.photographs}),
        "unreadable": problems.count(UNREADABLE),
        "no face found": problems.count(NO_FACE),
        "several faces": len(faces.several),
        "ignored": len(manifest.ignored),
    }


def left_out_files(manifest: Manifest, faces: AlignedFaces) -> list[tuple[str, str, str]]:
    """Path, problem and reason of photographs that gave no face, and of files that are no photographs."""
    without = [(manifest.photographs[entry.row].path, entry.problem, entry.reason) for entry in faces.left_out]
    return without + [(path, "ignored", reason) for path, reason in manifest.ignored]
