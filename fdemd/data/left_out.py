"""What was not used of some photographs, listed: nothing is lost silently. :mod:`fdemd.data.accounting` counts it."""

from __future__ import annotations

from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest
from fdemd.data.twins import find_twins

TWIN, OF_TWO_PEOPLE = "twin", "of two people"


def left_out_files(manifest: Manifest, faces: AlignedFaces) -> list[tuple[str, str, str]]:
    """Return path, problem and reason of photographs without a face, of files that are no photographs, and of twins.

    Args:
        manifest: The photographs.
        faces: Their aligned faces.
    """
    photographs, twins = manifest.photographs, find_twins(manifest, faces)
    without = [(photographs[entry.row].path, entry.problem, entry.reason) for entry in faces.left_out]
    ignored = [(path, "ignored", reason) for path, reason in manifest.ignored]
    copies = [
        (
            photographs[row].path,
            TWIN,
            f"the same picture as {photographs[first].path}; used, but neither finds the other",
        )
        for row, first in twins.copies.items()
    ]
    strangers = [
        (photographs[row].path, OF_TWO_PEOPLE, f"the same picture as {photographs[first].path}; one name is wrong")
        for row, first in twins.strangers.items()
    ]
    return without + ignored + copies + strangers
