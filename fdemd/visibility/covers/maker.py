"""Faces with random covers, each the same for the same photograph, seed and draw."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from fdemd.errors import unknown
from fdemd.faces.alignment import AlignedFace
from fdemd.visibility.covers import askew, headwear
from fdemd.visibility.covers.draw import ASKEW_COVERS, COVERS, QUERY_COVERS, Covered, draw_cover
from fdemd.visibility.covers.light import relight

_VERSION = 1
"""Of the drawings; raised when one changes, so that stored features of the old one are not used."""
_RELIT = 0.25
"""Share of covered faces that are in another light too."""


class CoverMaker:
    """Draws a cover of a random kind on each face; takes the place of a :class:`fdemd.faces.queries.QueryMaker`.

    Attributes:
        kinds: Kinds to draw from, each equally often.
        draw: Number of the draw; another gives every face another cover.

    Example:
        >>> maker = CoverMaker(("blob", "crop"), seed=0)
        >>> face = AlignedFace(np.zeros((112, 112, 3), np.uint8), np.full((68, 2), 50, np.float32))
        >>> maker(face, "Ann/1.jpg").image.shape
        (112, 112, 3)
    """

    def __init__(self, kinds: Sequence[str] = tuple(COVERS), *, seed: int = 0, draw: int = 0) -> None:
        """See the class.

        Raises:
            InputError: There is no such kind.
        """
        for kind in kinds:
            if kind not in COVERS | ASKEW_COVERS:
                raise unknown("kind of cover", kind, COVERS | ASKEW_COVERS)
        self.kinds, self.draw, self._seed = tuple(kinds), draw, seed

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the face made from one of a given name, as plain values."""
        drawn_as_queries = {kind.removeprefix("askew ") for kind in self.kinds} & QUERY_COVERS.keys()
        settings = {kind: QUERY_COVERS[kind].model_dump(mode="json") for kind in sorted(drawn_as_queries)}
        drawn = {"covers": list(self.kinds), "settings": settings, "version": _VERSION}
        if set(self.kinds) & ASKEW_COVERS.keys():
            drawn |= {"askew": askew.SETTINGS, "headwear": headwear.SETTINGS}
        return {**drawn, "draw": self.draw, "seed": self._seed}

    def kind_of(self, name: str) -> str:
        """Return the kind of cover that a photograph gets.

        Args:
            name: What tells the photograph from others: its path in the manifest.
        """
        return str(self._generator(name).choice(self.kinds))

    def covered(self, face: AlignedFace, name: str) -> Covered:
        """Return a face with its cover and the truth.

        Args:
            face: The clean face.
            name: As for :meth:`kind_of`.
        """
        rng = self._generator(name)
        kind = str(rng.choice(self.kinds))
        drawn = draw_cover(kind, face, rng)
        if kind == "clean" or rng.random() >= _RELIT:
            return drawn
        return drawn._replace(face=AlignedFace(relight(drawn.face.image, rng), drawn.face.landmarks))

    def __call__(self, face: AlignedFace, name: str) -> AlignedFace:
        """Return a face with its cover."""
        return self.covered(face, name).face

    def _generator(self, name: str) -> np.random.Generator:
        text = f"{self._seed}/{self.draw}/{name}".encode(errors="surrogateescape")
        return np.random.default_rng(list(hashlib.sha256(text).digest()))
