"""Made queries and galleries, as a network would see them: no photograph, no file."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.data import EmbeddedData
from fdemd.embedding.datasets import EmbeddedFaces
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features
from fdemd.visibility.covers.draw import QUERY_COVERS
from tests.faces.occlusion.made_faces import CHIP, landmarks_of
from tests.visibility.made_features import MeanNet

PEOPLE, EACH = 20, 3
FACE = AlignedFace(np.full((CHIP, CHIP, 3), 128, np.uint8), landmarks_of().astype(np.float32))


def made_data(features: dict[str, Features]) -> EmbeddedData:
    """Kinds of query of 20 people with 3 photographs each, all of one grey face; ``clean`` is the gallery as well."""
    rows, none = torch.arange(PEOPLE * EACH), torch.arange(0)
    photographs = [Photograph(f"{row}.png", str(row // EACH), f"{row}.png") for row in rows.tolist()]
    makers = {kind: QueryMaker(kind, FACE.image.shape[:2], 0, settings) for kind, settings in QUERY_COVERS.items()}
    faces: Any = SimpleNamespace(
        manifest=Manifest(Path("here"), tuple(photographs)),
        faces=SimpleNamespace(face=lambda row: FACE),
        query_rows=rows,
        gallery_rows=rows,
        missed_rows=none,
        query_face=lambda kind, row: makers[kind](FACE, f"{row}.png").image,
    )
    embedded = {kind: EmbeddedFaces(each, rows) for kind, each in features.items()}
    return EmbeddedData(MeanNet(), faces, embedded)
