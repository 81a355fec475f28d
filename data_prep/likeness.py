"""People of two sets whose mean embeddings are close, whatever their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from data_prep.centres import Centres, class_centres
from data_prep.networks import chosen_network, usual_threshold
from data_prep.overlaps import shared_people
from fdemd.data.manifest import Manifest
from fdemd.errors import InputError
from fdemd.files.text import csv_table
from fdemd.files.writing import write_text

_AT_ONCE = 1024
"""People who are compared with everybody of the other set at once."""


class Likeness(NamedTuple):
    """Two people of two sets: their names, the cosine of their mean embeddings, and a photograph of each."""

    person: str
    other: str
    cosine: float
    photograph: str
    other_photograph: str

    @property
    def same_name(self) -> bool:
        """Whether their names agree too."""
        return bool(shared_people([self.person], [self.other]))


@dataclass(frozen=True)
class Likenesses:
    """Result of a comparison.

    Attributes:
        network: The network, in the words of the command line.
        threshold: Cosine from which two people count as alike.
        pairs: Other manifest -> pairs of people in descending order of cosine.
        left_out: Other manifest -> number of photographs of both sets that could not be embedded.
    """

    network: str
    threshold: float
    pairs: Mapping[str, Sequence[Likeness]]
    left_out: Mapping[str, int]

    def write(self, path: Path) -> None:
        """Write all pairs as CSV."""
        rows: list[tuple[object, ...]] = [
            ("set", "person", "other", "cosine", "same_name", "photograph", "other_photograph")
        ]
        for manifest, pairs in self.pairs.items():
            for pair in pairs:
                names = manifest, pair.person, pair.other
                same = int(pair.same_name)
                rows.append((*names, Decimal(f"{pair.cosine:.4f}"), same, pair.photograph, pair.other_photograph))
        write_text(path, csv_table(rows))


class Comparer:
    """Compares the people of a set with those of others by a network."""

    def __init__(self, words: Sequence[str], threshold: float | None, detector: str, workers: int) -> None:
        """Read the network.

        Args:
            words: Words that name it, see :func:`data_prep.networks.chosen_network`.
            threshold: Cosine from which two people count as alike; None takes the network's.
            detector: Detector for photographs as taken, a name in :data:`fdemd.faces.landmarks.DETECTORS`.
            workers: Number of processes that read.

        Raises:
            InputError: There is no such network, its weights are missing, or the threshold is out of range or not
                known.
        """
        if threshold is not None and not -1 < threshold <= 1:
            raise InputError(f"--threshold is {threshold}; a cosine lies between -1 and 1.")
        self._network = chosen_network(words)
        self._threshold = usual_threshold(words) if threshold is None else threshold
        self._words, self._detector, self._workers = words, detector, workers

    def __call__(self, own: Manifest, others: Mapping[str, Manifest]) -> Likenesses:
        """Compare the people of a manifest with those of others, by name of the manifest.

        Raises:
            InputError: The faces or the cache cannot be used.
        """
        ours = self._centres(own)
        theirs = {name: self._centres(other, name) for name, other in others.items()}
        return Likenesses(
            " ".join(self._words),
            self._threshold,
            {name: alike(ours, other, self._threshold) for name, other in theirs.items()},
            {name: ours.left_out + other.left_out for name, other in theirs.items()},
        )

    def _centres(self, manifest: Manifest, name: str = "") -> Centres:
        return class_centres(manifest, self._network, detector=self._detector, workers=self._workers, name=name)


def alike(ours: Centres, others: Centres, threshold: float) -> list[Likeness]:
    """Return the pairs of people whose centres have a cosine of at least ``threshold``, in descending order.

    People are compared in blocks: memory grows with the sets, not with their product.
    """
    found = []
    for first in range(0, len(ours.people), _AT_ONCE):
        cosine = ours.directions[first : first + _AT_ONCE] @ others.directions.T
        for person, other in (cosine >= threshold).nonzero().tolist():
            row = first + person
            found.append(
                Likeness(
                    ours.people[row],
                    others.people[other],
                    float(cosine[person, other]),
                    ours.examples[row],
                    others.examples[other],
                )
            )
    return sorted(found, key=lambda pair: (-pair.cosine, pair.person, pair.other))
