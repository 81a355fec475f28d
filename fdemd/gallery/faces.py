"""From a photograph to its faces with features, the way of every other job: detector, alignment, network."""

from __future__ import annotations

import hashlib
import io
import threading
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from PIL import Image

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.projection import PROJECTED, RAW, patches_for
from fdemd.embedding.embed import embed
from fdemd.emd.compact import BYTES_A_FACE, BYTES_OF_SCALE, PatchMap, compact
from fdemd.errors import InputError
from fdemd.faces.photographs import FaceOnPhotograph, Preprocessing, extract_faces, pixels_of
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.features import Features
from fdemd.files.text import to_printable
from fdemd.gallery.batching import Batching
from fdemd.gallery.covering import Conditions, conditions_of
from fdemd.gallery.packing import as_png
from fdemd.gallery.pin import COMPACT, FULL, NONE, Pin
from fdemd.gallery.stages import BATCH, note, stage
from fdemd.visibility.store import shipped_estimator

Photo: TypeAlias = str | Path | bytes | Image.Image | np.ndarray  # a union that isinstance takes
"""A photograph: the path of a file, its bytes, a PIL image or an array ``(H, W, 3)``."""
_SHARPNESS_SIDE = 112


@dataclass(frozen=True, eq=False)
class SeenFace:
    """A face on a photograph.

    Attributes:
        box: Left, top, right and bottom in pixels of the photograph.
        image: The aligned face ``(H, W, 3)``, uint8 RGB.
        sharpness: Variance of the Laplacian, see :func:`sharpness`.
        features: Of this one face.
        conditions: What may have happened to it, as far as an estimator sees.
    """

    box: tuple[float, float, float, float]
    image: np.ndarray
    sharpness: float
    features: Features
    conditions: Conditions = field(default_factory=dict)

    @property
    def side(self) -> float:
        """Shorter side of the box in pixels."""
        return min(self.box[2] - self.box[0], self.box[3] - self.box[1])


@dataclass(frozen=True, eq=False)
class SeenPhotograph:
    """A photograph and all faces on it, the most prominent first.

    Attributes:
        name: What to call it in a sentence.
        path: Its file; None if it was given in another way.
        sha256: Of its file's bytes, or of its pixels if it was no file.
        content: The bytes of its file; a PNG of what was no file.
        faces: What was found.
    """

    name: str
    path: Path | None
    sha256: str
    content: bytes
    faces: tuple[SeenFace, ...]


class FaceReader:
    """Reads photographs as one gallery does; for several threads at once, whose faces share the network's batches."""

    def __init__(self, backbone: Backbone, pin: Pin, patch_map: PatchMap | None = None) -> None:
        """Take the network and how faces are found for it.

        Args:
            backbone: The network.
            pin: What a gallery is pinned to.
            patch_map: Map of compact patches; None keeps all channels.

        Raises:
            InputError: The network has no such patches as the pin names.
        """
        self._backbone, self._pin, self.patch_map = backbone, pin, patch_map
        self.preprocessing = Preprocessing(pin.alignment, pin.face_size, pin.detector)
        kind = RAW if pin.patches == NONE else pin.patches
        shown = _any_features(backbone)
        self._view = patches_for(kind, backbone, shown)
        self._estimator = shipped_estimator(backbone, shown)
        self._network = Batching(self._raw)
        # Other detectors keep what they are at work on; YuNet is made anew for each thread.
        self._detecting = nullcontext() if pin.detector == "yunet" else threading.Lock()

    def read(self, photograph: Photo) -> SeenPhotograph:
        """Return a photograph with all its faces.

        Raises:
            InputError: It cannot be read. A photograph without a face is no mistake.
        """
        name, path, content = _content(photograph)
        try:
            if content is not None:
                with stage("decoding"):
                    pixels = read_image(io.BytesIO(content))
            else:
                assert isinstance(photograph, Image.Image | np.ndarray)
                pixels = pixels_of(photograph)
                content = as_png(pixels)
            with self._detecting, stage("detection"):
                found = extract_faces(pixels, self.preprocessing)
            faces = self._seen(found)
        except UnreadableImageError as error:
            raise InputError(f"The {name} cannot be read: {error}.") from error
        return SeenPhotograph(name, path, hashlib.sha256(content).hexdigest(), content, faces)

    def embed(self, images: np.ndarray) -> Features:
        """Return the features of aligned faces ``(B, H, W, 3)`` uint8, as the gallery keeps them."""
        return self.kept(self._network(images))

    def kept(self, raw: Features) -> Features:
        """Return what the gallery keeps of a network's features: patches of its kind and precision."""
        found = self._view(raw)
        return compact(found, self.patch_map) if self._pin.dtype == COMPACT else found

    def keeping_compact(self, pin: Pin, patch_map: PatchMap | None) -> FaceReader:
        """Return a reader like this one for a gallery of compact patches.

        Args:
            pin: The gallery's, which differs from this reader's in the precision alone.
            patch_map: Map of the patches; None keeps all channels.
        """
        other = copy(self)
        other._pin, other.patch_map = pin, patch_map
        return other

    def _raw(self, images: np.ndarray) -> Features:
        note(BATCH, len(images))
        with stage("network"):
            return embed(self._backbone, images, dtype=FULL if self._pin.dtype == COMPACT else self._pin.dtype)

    def _seen(self, found: list[FaceOnPhotograph]) -> tuple[SeenFace, ...]:
        if not found:
            return ()
        raw = self._network(np.stack([each.face.image for each in found]))
        features, conditions = self.kept(raw), conditions_of(self._estimator, raw)
        return tuple(
            SeenFace(each.box, each.face.image, sharpness(each.face.image), features[number], conditions[number])
            for number, each in enumerate(found)
        )


def best_patches(backbone: Backbone) -> str:
    """Return the kind of patches that serve a gallery best: projected ones where the network has them.

    They are as long as the embedding, for SFace an eighth of the raw ones, and with the weighting ``norm`` they harm a
    strong network least (docs/auto_alpha.md).
    """
    try:
        patches_for(PROJECTED, backbone, _any_features(backbone))
    except InputError:
        return RAW
    return PROJECTED


def best_precision(backbone: Backbone, patches: str) -> str:
    """Return the precision that serves a gallery best: compact patches where all channels fit, else full ones.

    Rounding alone changes next to nothing, and what leaving channels out changes depends on the network and on the
    faces that the map was fitted on (docs/scale.md has the figures).

    Args:
        backbone: The network.
        patches: Kind of patches, one of :data:`fdemd.gallery.pin.PATCHES`.
    """
    if patches == NONE:
        return FULL
    shown = _any_features(backbone)
    count, channels = shown.patches.shape[1:]
    channels = shown.embedding.shape[1] if patches == PROJECTED else channels
    return COMPACT if count * (channels + BYTES_OF_SCALE) <= BYTES_A_FACE else FULL


def _any_features(backbone: Backbone) -> Features:
    return embed(backbone, np.zeros((1, *backbone.face_size, 3), np.uint8), dtype="float32")


def digest_of(photograph: Photo) -> str | None:
    """Return the SHA-256 by which a gallery knows a file again, without looking for faces; None if it is no file.

    Raises:
        InputError: The file cannot be read.
    """
    content = _content(photograph)[2]
    return None if content is None else hashlib.sha256(content).hexdigest()


def sharpness(image: np.ndarray) -> float:
    """Return the variance of the Laplacian of a face scaled to 112 pixels: low if it is blurred (Pech-Pacheco, 2000).

    Args:
        image: Aligned face ``(H, W, 3)``, uint8 RGB.

    Examples:
        >>> sharpness(np.zeros((112, 112, 3), np.uint8))
        0.0
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = _SHARPNESS_SIDE / grey.shape[0]
    scaled = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return float(cv2.Laplacian(scaled, cv2.CV_64F).var())


def name_of(photograph: Photo) -> str:
    """Return what to call a photograph in a sentence."""
    return f"photograph {to_printable(str(photograph))}" if isinstance(photograph, str | Path) else "photograph"


def _content(photograph: Photo) -> tuple[str, Path | None, bytes | None]:
    """Name, path and bytes of a photograph, as far as it has them."""
    name = name_of(photograph)
    if isinstance(photograph, bytes):
        return name, None, photograph
    if not isinstance(photograph, str | Path):
        return name, None, None
    path = Path(photograph)
    try:
        return name, path.resolve(), path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"The {name} cannot be read ({reason}).") from error
