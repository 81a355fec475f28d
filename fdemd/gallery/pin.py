"""What a gallery is pinned to: faces of another network, or found and cut out in another way, cannot be compared."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.projection import PROJECTED, RAW
from fdemd.errors import InputError
from fdemd.gallery.schema import Setting

PIN = "pin"
NONE = "none"
KEEP = ("path", "bytes", NONE)
"""What may be kept of a photograph: where its file is, the file itself, or nothing."""
PATCHES = (PROJECTED, RAW, NONE)
"""Kinds of patches that may be kept, see :mod:`fdemd.backbones.projection`."""
FULL, COMPACT = "float16", "int8"
PRECISIONS = (FULL, COMPACT)
"""What patches may be kept in: as the network gives them, or compact ones (:mod:`fdemd.emd.compact`)."""
_TOLD = {
    "backbone": "the network",
    "weights_sha256": "the weights",
    "fingerprint": "the network's numbers",
    "settings": "the network's settings",
    "alignment": "the alignment",
    "face_size": "the size of faces",
    "detector": "the detector",
    "patches": "the kind of patches",
    "dtype": "the precision of patches",
    "patch_map": "the map of compact patches",
    "keep": "what is kept of photographs",
}


@dataclass(frozen=True)
class Pin:
    """Everything that decides what a face's features are, and what the gallery keeps of a photograph.

    Attributes:
        backbone: Name of the network.
        settings: Its settings, as ``configs/model`` has them.
        weights_sha256: SHA-256 of its weight file.
        fingerprint: Digest of all that it computes with, see :meth:`fdemd.backbones.Backbone.fingerprint`.
        alignment: Template that faces are aligned by.
        face_size: Height and width of faces in pixels.
        detector: What finds faces.
        dtype: Precision that patches are kept in, one of :data:`PRECISIONS`.
        patches: Kind of patches that are kept, one of :data:`PATCHES`; without any there is no second stage.
        keep: What is kept of photographs, one of :data:`KEEP`.
        patch_map: SHA-256 of the map of compact patches to fewer channels; empty where all channels are kept.
    """

    backbone: str
    weights_sha256: str
    fingerprint: str
    alignment: str
    face_size: tuple[int, int]
    detector: str
    dtype: str = FULL
    settings: dict[str, Any] = field(default_factory=dict)
    patches: str = "raw"
    keep: str = "path"
    patch_map: str = ""

    @classmethod
    def of(cls, backbone: Backbone, name: str, detector: str, **rest: Any) -> Pin:
        """Return the pin of a gallery that uses a network.

        Args:
            backbone: The network.
            name: Its name.
            detector: What finds faces.
            **rest: Other attributes.
        """
        return cls(
            name,
            backbone.weights_sha256,
            backbone.fingerprint(),
            backbone.alignment,
            (backbone.face_size[0], backbone.face_size[1]),
            detector,
            **rest,
        )

    @property
    def text(self) -> str:
        """The pin as the database has it."""
        return json.dumps(asdict(self))

    def check(self, other: Pin, where: str) -> None:
        """Check that faces of another pin can be compared with those of this gallery.

        Args:
            other: What somebody wants to use.
            where: Name of the gallery, for the error.

        Raises:
            InputError: They differ; the sentence says in what.
        """
        for name, told in _TOLD.items():
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise InputError(
                    f"The gallery {where} was made with another choice of {told}: {_short(mine)}, not "
                    f"{_short(theirs)}; its faces cannot be mixed with others. Open it with its own, or make another "
                    "gallery."
                )


def read_pin(session: Session) -> Pin | None:
    """Return what a gallery is pinned to; None if it is new.

    Raises:
        InputError: What stands there is no pin.
    """
    found = session.get(Setting, PIN)
    if found is None:
        return None
    try:
        values = json.loads(found.value)
        return Pin(**{**values, "face_size": tuple(values["face_size"])})
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"The gallery does not say which network it is of ({error}); it is damaged.") from error


def check_pinned(session: Session, pin: Pin, where: str) -> None:
    """Check that a gallery is still pinned to what it was opened with: faces of another network would spoil it.

    Args:
        session: A transaction.
        pin: What it was opened with.
        where: Name of the gallery, for the error.

    Raises:
        InputError: It was moved to another network since.
    """
    if read_pin(session) != pin:
        raise InputError(f"The gallery {where} was moved to another network meanwhile; open it anew.")


def write_pin(session: Session, pin: Pin) -> None:
    """Pin a new gallery."""
    session.add(Setting(name=PIN, value=pin.text))


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 else text or "none"
