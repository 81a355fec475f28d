"""Making the aligned face of a photograph as a file, and the record of it."""

from __future__ import annotations

import hashlib
import io
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from data_prep.duplicates import difference_hash
from data_prep.sources import Item, Source
from fdemd.checkpoints import sha256_of
from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import TEMPLATES
from fdemd.faces.landmarks import check_detector
from fdemd.faces.photographs import NO_FACE, UNREADABLE, Preprocessing, extract_face
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.files.writing import write_bytes


class Record(NamedTuple):
    """What became of a photograph.

    Attributes:
        name: Name of the item.
        size: Size of the encoded picture in bytes.
        sha256: SHA-256 of these bytes, hexadecimal; empty if there were none.
        hash: Perceptual hash, see :func:`data_prep.duplicates.difference_hash`; 0 if unreadable.
        faces: Number of faces that it shows; the most prominent one is taken.
        problem: Empty, ``UNREADABLE`` or ``NO_FACE``.
        reason: The problem in words.
        face: SHA-256 of the PNG file that was written, hexadecimal; empty if there is none.
        weak: Whether it is a tight crop of whose face the detector is not sure.
    """

    name: str
    size: int
    sha256: str
    hash: int = 0
    faces: int = 0
    problem: str = ""
    reason: str = ""
    face: str = ""
    weak: bool = False


def face_path(name: str) -> str:
    """Return the path of the face of an item below the output folder.

    Faces are PNG files: lossless, because the same crop as JPEG gives other embeddings, and what an attack or a mask
    does to a face must not be mixed up with compression.
    """
    return f"faces/{name}.png"


def make_face(source: Source, item: Item, preprocessing: Preprocessing, out: Path, advice: str = "") -> Record:
    """Read a photograph and write its aligned face atomically.

    Args:
        source: Source of the photograph.
        item: The photograph.
        preprocessing: How it becomes a face.
        out: Output folder.
        advice: What a person can do if the face cannot be written.

    Raises:
        InputError: It cannot be written; the error ends with ``advice``.
    """
    try:
        content = source.read(item)
    except (UnreadableImageError, OSError) as error:
        return Record(item.name, item.size, "", problem=UNREADABLE, reason=str(error))
    record = Record(item.name, item.size, hashlib.sha256(content).hexdigest())
    try:
        image = read_image(io.BytesIO(content))
        record = record._replace(hash=difference_hash(image))
        face, faces, weak = extract_face(image, preprocessing, aligned=source.aligned == preprocessing.template)
    except UnreadableImageError as error:
        return record._replace(problem=UNREADABLE, reason=str(error))
    if face is None:
        return record._replace(problem=NO_FACE, reason=f"the detector {preprocessing.detector} found none")
    return record._replace(faces=faces, face=write_face(face.image, out / face_path(item.name), advice), weak=weak)


def write_face(image: np.ndarray, path: Path, advice: str = "") -> str:
    """Write a face ``(H, W, 3)`` uint8 as PNG and return the sha256 of the file.

    It is not waited for until the disk has it, which takes longer than to make it: an interrupted run compares each
    face with its record (:func:`is_face`), and the disk has all of them before a manifest names them.

    Raises:
        InputError: It cannot be written; the error ends with ``advice``.
    """
    content = io.BytesIO()
    # To look for no repetitions packs faces nearly as small as zlib's default does (19.5 for 18.9 KiB), in a sixth of
    # the time.
    Image.fromarray(image).save(content, "PNG", compress_level=1, compress_type=zlib.Z_HUFFMAN_ONLY)
    write_bytes(path, content.getvalue(), advice, flush=False)
    return hashlib.sha256(content.getvalue()).hexdigest()


def is_face(path: Path, record: Record) -> bool:
    """Return whether a file is, byte for byte, the face of a record."""
    try:
        return sha256_of(path) == record.face
    except OSError:
        return False


def check_preprocessing(template: str, size: tuple[int, int] | None, detector: str) -> Preprocessing:
    """Return the preprocessing that the command line asks for.

    Args:
        template: A name in :data:`fdemd.faces.alignment.TEMPLATES`.
        size: ``(height, width)`` of the faces in pixels; None for the template's own size.
        detector: A name in :data:`fdemd.faces.landmarks.DETECTORS`.

    Raises:
        InputError: There is no such template or detector, or the size has other proportions than the template.
    """
    if template not in TEMPLATES:
        raise unknown("template", template, TEMPLATES)
    height, width = frame = TEMPLATES[template].frame
    size = size or frame
    if size[0] * width != size[1] * height:
        raise InputError(
            f"The template {template} gives faces of {height}x{width} pixels (height x width) or of the same "
            f"proportions, not {size[0]}x{size[1]}; give another --size or --template."
        )
    return Preprocessing(template, size, check_detector(detector))
