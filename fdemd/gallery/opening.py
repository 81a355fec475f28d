"""Opening a gallery with the network that it is pinned to, or pinning a new one to the network that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fdemd.backbones import Backbone, create_backbone
from fdemd.errors import InputError, unknown
from fdemd.gallery.cohort import built_in_people, store_cohort
from fdemd.gallery.database import Database
from fdemd.gallery.faces import FaceReader, Photo, best_patches
from fdemd.gallery.pin import KEEP, NONE, PATCHES, Pin, read_pin, write_pin
from fdemd.settings.faces import DEFAULT_DETECTOR

BACKBONE, DTYPE = "sface", "float16"
"""What a new gallery is pinned to if nothing else is asked for, beside the default detector."""


@dataclass(frozen=True)
class Asked:
    """What somebody asked for; None takes what the gallery has, or by default what a new one gets."""

    backbone: str | Backbone | None = None
    settings: dict[str, Any] | None = None
    detector: str | None = None
    keep: str | None = None
    patches: str | None = None

    def __post_init__(self) -> None:
        for name, choices in (("keep", KEEP), ("patches", PATCHES)):
            choice = getattr(self, name)
            if choice is not None and choice not in choices:
                raise unknown(f"choice of {name}", choice, choices)


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
    if pin is None and not create:  # its making broke off
        raise InputError(f"There is no gallery in {database.name}; enrol somebody first.")
    wanted, backbone = _wanted(asked, pin)
    reader = FaceReader(backbone, wanted)
    if pin is not None:
        pin.check(wanted, database.name)
        return reader, pin
    with database.write() as session:
        # Another process may have made it since; writers take turns.
        made = read_pin(session)
        if made is None:
            store_cohort(session, reader, built_in_people() if cohort is None else cohort)
            write_pin(session, wanted)
            return reader, wanted
    made.check(wanted, database.name)
    return reader, made


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
    same = asked.backbone is None and asked.settings is None
    wanted, backbone = _wanted(
        Asked(
            pin.backbone if asked.backbone is None else asked.backbone,
            pin.settings if same else asked.settings,
            asked.detector or pin.detector,
            pin.keep,
            asked.patches or (pin.patches if same or pin.patches == NONE else None),
        ),
        None,
    )
    return FaceReader(backbone, wanted), wanted


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
    usual = pin or Pin.of(backbone, name, DEFAULT_DETECTOR, patches=best_patches(backbone), dtype=DTYPE)
    wanted = Pin.of(
        backbone,
        name,
        asked.detector or usual.detector,
        settings=settings,
        dtype=usual.dtype,
        patches=asked.patches or usual.patches,
        keep=asked.keep or usual.keep,
    )
    return wanted, backbone
