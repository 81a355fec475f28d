"""The head of a cluster: asks all shards and makes one answer of theirs, or none."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.gallery.cluster.asking import Patience, Question, Replicas, ask_all
from fdemd.gallery.cluster.merging import merged, split
from fdemd.gallery.comparing import OutdatedError
from fdemd.gallery.index import Snapshot
from fdemd.retrieval.ranking import Ranking


class ComparingOnShards:
    """Comparing on the shards of a cluster, see :class:`fdemd.gallery.comparing.Comparing`."""

    def __init__(self, shards: Sequence[Replicas], patience: Patience | None = None) -> None:
        """Take the replicas of every part, in the order of the parts, and how long they are waited for."""
        self._shards, self._patience = shards, patience or Patience()

    @property
    def replicas(self) -> tuple[int, int]:
        """Number of replicas that answer, and of all."""
        return sum(each.well for each in self._shards), sum(map(len, self._shards))

    def rank(self, query: Tensor, snapshot: Snapshot, own: Sequence[int] | None = None) -> Ranking:
        """Rank the whole gallery by what each part says of it after the same change.

        Raises:
            OutdatedError: A part is further than the snapshot.
            UnavailableError: A part does not answer.
        """
        questions = [
            Question(number, replicas, "rank", snapshot.change, query, own)
            for number, replicas in enumerate(self._shards)
        ]
        parts = ask_all(questions, self._patience.for_faces(len(query)))
        if any(part is None or part.change != snapshot.change for part in parts):
            raise OutdatedError
        return merged(parts, snapshot)

    def similarities(self, query: Features, snapshot: Snapshot, photographs: Tensor) -> Tensor:
        """Compare patches where they are: the faces' features go out, and similarities come back.

        Raises:
            UnavailableError: A part does not answer.
        """
        questions, asked = [], []
        for number, (candidates, places) in enumerate(split(photographs, len(self._shards))):
            if (faces := (candidates >= 0).any(1).nonzero()[:, 0]).numel():
                question = Question(
                    number, self._shards[number], "similarities", snapshot.change, query[faces], candidates[faces]
                )
                questions.append(question)
                asked.append((faces, places[faces], candidates[faces] >= 0))
        found = torch.full(photographs.shape, torch.nan)
        for (faces, places, there), values in zip(
            asked, ask_all(questions, self._patience.for_faces(len(query))), strict=True
        ):
            rows = faces[:, None].expand_as(places)[there]
            found[rows, places[there]] = values[there]
        return found

    def close(self) -> None:
        """Leave the shards, which go on."""
        for replicas in self._shards:
            replicas.close()
