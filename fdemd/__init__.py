"""Face identification that survives occlusion: cosine ranking, then Earth Mover's Distance between patches.

Names are imported when they are first used, so that ``import fdemd`` costs nothing:

>>> import fdemd
>>> query = fdemd.Features([[1.0, 0.2]], [[[1.0, 0.0], [0.0, 1.0]]])
>>> gallery = fdemd.Features([[0.9, 0.1], [0.1, 0.9]], [[[1.0, 0.1], [0.0, 1.0]], [[0.1, 1.0], [0.2, 1.0]]])
>>> ranking = fdemd.rerank(fdemd.rank(query, gallery), query, gallery)
>>> ranking.indices
tensor([[0, 1]])
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# albumentations asks PyPI for its newest version when it is imported; nothing here may need a network.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fdemd.backbones import create_backbone, list_backbones
    from fdemd.embedding.embed import embed
    from fdemd.emd.similarity import emd_similarity
    from fdemd.errors import InputError
    from fdemd.faces.photographs import align_face
    from fdemd.features import Features
    from fdemd.gallery.gallery import Gallery
    from fdemd.gallery.identification import Identification
    from fdemd.retrieval.rank import rank, rerank
    from fdemd.retrieval.ranking import Ranking
    from fdemd.scoring.evaluate import evaluate
    from fdemd.scoring.explanation import explain
    from fdemd.server.client import GalleryClient

_MODULES = {
    "Features": "features",
    "Gallery": "gallery.gallery",
    "GalleryClient": "server.client",
    "Identification": "gallery.identification",
    "InputError": "errors",
    "Ranking": "retrieval.ranking",
    "align_face": "faces.photographs",
    "create_backbone": "backbones",
    "embed": "embedding.embed",
    "emd_similarity": "emd.similarity",
    "evaluate": "scoring.evaluate",
    "explain": "scoring.explanation",
    "list_backbones": "backbones",
    "rank": "retrieval.rank",
    "rerank": "retrieval.rank",
}
"""Public name -> module of this package that defines it."""

__all__ = [
    "Features",
    "Gallery",
    "GalleryClient",
    "Identification",
    "InputError",
    "Ranking",
    "align_face",
    "create_backbone",
    "embed",
    "emd_similarity",
    "evaluate",
    "explain",
    "list_backbones",
    "rank",
    "rerank",
]

if not TYPE_CHECKING:  # a type checker would take every misspelt name for one that __getattr__ knows

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
