"""Opening a gallery with the network that it is pinned to, or pinning a new one to the network that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fdemd.backbones import Backbone, create_backbone
from fdemd.emd.compact import PatchMap, compact, map_within
from fdemd.errors import InputError, unknown
from fdemd.features import Features
from fdemd.gallery.cohort import built_in_people, read_cohort, see_strangers, store_cohort
from fdemd.gallery.database import Database
from fdemd.gallery.faces import FaceReader, Photo, best_patches, best_precision
from fdemd.gallery.moving import realigned
from fdemd.gallery.patch_map import read_map, write_map
from fdemd.gallery.pin import COMPACT, FULL, KEEP, NONE, PATCHES, PRECISIONS, Pin, read_pin, write_pin
from fdemd.settings.faces import DEFAULT_DETECTOR

BACKBONE = "sface"
"""Network that a new gallery is pinned to if nothing else is asked for."""


@dataclass(frozen=True)
class Asked:
    """What somebody asked for; None takes what the gallery has, or by default what a new one gets."""

    backbone: str | Backbone | None = None
    settings: dict[str, Any] | None = None
    detector: str | None = None
    keep: str | None = None
    patches: str | None = None
    dtype: str | None = None
    patch_map: PatchMap | None = None

    def __post_init__(self) -> None:
        for name, choices in (("keep", KEEP), ("patches", PATCHES), ("dtype", PRECISIONS)):
            choice = getattr(self, name)
            if choice is not None and choice not in choices:
                raise unknown(f"choice of {name}", choice, choices)
        if self.patches == NONE and self.dtype == COMPACT:
            raise InputError("A gallery that keeps no patches (patches=none) has none to be kept in int8.")
        if self.patch_map is not None and self.dtype != COMPACT:
            raise InputError("A map is for compact patches; give dtype=int8 with it.")


def open_pinned(
    database: Database, asked: Asked, cohort: Sequence[Sequence[Photo]] | None, *, create: bool = True
) -> tuple[FaceReader, Pin]:
    """Return what reads photographs for a gallery, and its pin; a new gallery gets both.

    Args:
        database: The gallery's.
        asked: What somebody asked for.
        cohort: Photographs of strangers for a new gallery; None takes those of the AT&T faces.
        create: Whether to make one where there is none.

    Raises:
        InputError: The gallery is of another network, or what was asked for cannot be had.
    """
    with database.read() as session:
        pin = read_pin(session)
        patch_map = None if pin is None else read_map(session, pin)
    if pin is None and not create:  # its making broke off
        raise InputError(f"There is no gallery in {database.name}; enrol somebody first.")
    wanted, backbone = _wanted(asked, pin)
    if pin is not None:
        pin.check(wanted, database.name)
        return FaceReader(backbone, pin, patch_map), pin
    reader = FaceReader(backbone, replace(wanted, dtype=FULL))
    with database.write() as session:
        # Another process may have made it since; writers take turns.
        if read_pin(session) is None:
            strangers = see_strangers(reader, built_in_people() if cohort is None else cohort)
            if wanted.dtype == COMPACT:
                reader, wanted = _compacting(reader, wanted, asked.patch_map, strangers.features)
                strangers = replace(strangers, features=compact(strangers.features, reader.patch_map))
            store_cohort(session, strangers)
            write_pin(session, wanted)
            write_map(session, reader.patch_map)
            return reader, wanted
    return open_pinned(database, asked, cohort)


def network_to_move_to(database: Database, asked: Asked) -> tuple[FaceReader, Pin]:
    """Return what reads photographs for a gallery that is moved to another network, and its new pin.

    Args:
        database: The gallery's.
        asked: What is to be another; None leaves it as it is, also the patches unless the network has none of the kind.

    Raises:
        InputError: There is no gallery, or what was asked for cannot be had.
    """
    with database.read() as session:
        pin = read_pin(session)
        if pin is None:
            raise InputError(f"There is no gallery in {database.name}; enrol somebody first.")
        pictures = read_cohort(session, pin).images
    same = asked.backbone is None and asked.settings is None
    patches = asked.patches or (pin.patches if same or pin.patches == NONE else None)
    wanted, backbone = _wanted(
        Asked(
            pin.backbone if asked.backbone is None else asked.backbone,
            pin.settings if same else asked.settings,
            asked.detector or pin.detector,
            pin.keep,
            patches,
            asked.dtype or (pin.dtype if same and patches == pin.patches else None),
        ),
        None,
    )
    reader = FaceReader(backbone, replace(wanted, dtype=FULL))
    if wanted.dtype != COMPACT:
        return reader, wanted
    strangers = reader.embed(np.stack(realigned(pictures, pin, wanted)))
    return _compacting(reader, wanted, asked.patch_map, strangers)


def _compacting(
    reader: FaceReader, pin: Pin, patch_map: PatchMap | None, strangers: Features
) -> tuple[FaceReader, Pin]:
    """Return a reader of compact patches and the pin with the map, which is fitted on strangers unless it is given."""
    patch_map = patch_map or map_within(strangers)
    pin = replace(pin, patch_map="" if patch_map is None else patch_map.sha256)
    return reader.keeping_compact(pin, patch_map), pin


def _wanted(asked: Asked, pin: Pin | None) -> tuple[Pin, Backbone]:
    """What was asked for, with what the gallery has where nothing was, and the network."""
    settings = asked.settings or {}
    if isinstance(asked.backbone, Backbone):
        name, backbone = type(asked.backbone).__name__, asked.backbone
    else:
        name = asked.backbone or (pin.backbone if pin else BACKBONE)
        if pin is not None and name == pin.backbone and asked.settings is None:
            settings = pin.settings
        backbone = create_backbone(name, **settings)
    if backbone.training:
        raise InputError("The network is in training mode, in which a face depends on others; call backbone.eval().")
    usual = pin or Pin.of(backbone, name, DEFAULT_DETECTOR, patches=asked.patches or best_patches(backbone))
    dtype = usual.dtype if pin else best_precision(backbone, usual.patches)
    wanted = Pin.of(
        backbone,
        name,
        asked.detector or usual.detector,
        settings=settings,
        dtype=asked.dtype or dtype,
        patches=asked.patches or usual.patches,
        keep=asked.keep or usual.keep,
        patch_map=usual.patch_map if asked.patch_map is None else asked.patch_map.sha256,
    )
    return wanted, backbone
