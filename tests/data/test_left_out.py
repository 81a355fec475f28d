"""What was not used of some photographs, with the reason: files without a face, other files, and twins."""

from pathlib import Path

import numpy as np

from fdemd.data.aligned import NO_FACE, AlignedFaces, LeftOut
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest, Photograph


def test_everything_is_listed_once_with_its_reason() -> None:
    photographs = tuple(
        Photograph(path, path.partition("/")[0], path) for path in ("ann/1.jpg", "ann/2.jpg", "ann/3.jpg", "bob/1.jpg")
    )
    manifest = Manifest(Path("faces"), photographs, (("notes.txt", "not an image by its name"),))
    images = np.zeros((4, 2, 2, 3), np.uint8)
    images[1] = 1  # a face of its own is none here: the other two with a face are one picture
    faces = AlignedFaces(
        images, np.zeros((4, 68, 2), np.float32), (LeftOut(1, NO_FACE, "the detector found none"),), (), "digest", (3,)
    )
    assert left_out_files(manifest, faces) == [
        ("ann/2.jpg", NO_FACE, "the detector found none"),
        ("notes.txt", "ignored", "not an image by its name"),
        ("ann/3.jpg", "twin", "the same picture as ann/1.jpg; used, but neither finds the other"),
        ("bob/1.jpg", "of two people", "the same picture as ann/1.jpg; one name is wrong"),
        ("bob/1.jpg", "tight crop", "used, though the detector is not sure of its face"),
    ]
