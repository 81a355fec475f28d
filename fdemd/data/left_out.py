"""What was not used of some photographs, or with a doubt, listed: nothing is lost silently.

:mod:`fdemd.data.accounting` counts it."""

from __future__ import annotations

from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest
from fdemd.data.twins import find_twins

TWIN, OF_TWO_PEOPLE, TIGHT_CROP = "twin", "of two people", "tight crop"


def left_out_files(manifest: Manifest, faces: AlignedFaces) -> list[tuple[str, str, str]]:
    """Return path, problem and reason of photographs without a sure face, of other files, and of twins.

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
    crops = [
        (photographs[row].path, TIGHT_CROP, "used, though the detector is not sure of its face") for row in faces.weak
    ]
    return without + ignored + copies + strangers + crops
