"""The map of a gallery's compact patches to fewer channels, in the database beside the pin that names its SHA-256."""

from __future__ import annotations

import base64
import json

import numpy as np
import torch
from sqlalchemy import delete
from sqlalchemy.orm import Session

from fdemd.emd.compact import PatchMap
from fdemd.errors import InputError
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Setting

_MAP = "patch_map"


def read_map(session: Session, pin: Pin) -> PatchMap | None:
    """Return the map of a gallery; None if its patches have all channels.

    Args:
        session: A transaction.
        pin: The gallery's pin.

    Raises:
        InputError: The map is not there, or not the one that the pin names.
    """
    if not pin.patch_map:
        return None
    found = session.get(Setting, _MAP)
    try:
        values = json.loads("{}" if found is None else found.value)
        numbers = np.frombuffer(base64.b64decode(values["matrix"]), "<f4").astype(np.float32)
        patch_map = PatchMap(torch.from_numpy(numbers).view(values["channels"], -1))
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"The gallery has no map of its compact patches ({error}); it is damaged.") from error
    if patch_map.sha256 != pin.patch_map:
        raise InputError("The map of the gallery's compact patches is not that which it was made with; it is damaged.")
    return patch_map


def write_map(session: Session, patch_map: PatchMap | None) -> None:
    """Keep a map in place of an earlier one, or none.

    Args:
        session: A write transaction.
        patch_map: The map.
    """
    session.execute(delete(Setting).where(Setting.name == _MAP))
    if patch_map is not None:
        numbers = patch_map.matrix.cpu().numpy().astype("<f4").tobytes()
        values = {"channels": len(patch_map.matrix), "matrix": base64.b64encode(numbers).decode()}
        session.add(Setting(name=_MAP, value=json.dumps(values)))
