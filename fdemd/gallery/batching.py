"""Faces of several threads through the network together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from fdemd.features import Features


class _Waiting:
    """Faces of one thread, and what became of them."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.features: Features | None = None
        self.error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.features is not None or self.error is not None


class Batching:
    """Lets one thread at a time run a network, for all who wait: as many faces together as came while it was busy.

    Nobody waits for company: a thread that comes alone is served alone, at once. Those who come while the network runs
    wait for its end anyway, and the first of them then runs it for all. There is no thread of its own to be stopped or
    lost in a fork, and no time to be chosen that is too long for few and too short for many.
    """

    def __init__(self, network: Callable[[np.ndarray], Features], most: int = 32) -> None:
        """Take what embeds.

        Args:
            network: Aligned faces ``(B, H, W, 3)`` uint8 -> their features.
            most: Faces from which on a batch takes no further ones.
        """
        self._network, self._most = network, most
        self._guard, self._alone = threading.Lock(), threading.Lock()
        self._queue: deque[_Waiting] = deque()

    def __call__(self, images: np.ndarray) -> Features:
        """Return the features of faces ``(B, H, W, 3)``, or raise what the network raises for them alone."""
        mine = _Waiting(images)
        with self._guard:
            self._queue.append(mine)
        with self._alone:
            while not mine.is_done:
                self._run(self._taken())
        if mine.error is not None:
            raise mine.error
        assert mine.features is not None
        return mine.features

    def _taken(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        with self._guard:
            while self._queue and sum(len(each.images) for each in batch) < self._most:
                batch.append(self._queue.popleft())
        return batch

    def _run(self, batch: list[_Waiting]) -> None:
        try:
            features = self._network(np.concatenate([each.images for each in batch]))
            first = 0
            for each in batch:
                each.features = features[first : first + len(each.images)]
                first += len(each.images)
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for each in batch:  # whose fault it is shows when each is alone
                self._run([each])
        except BaseException:  # Ctrl-C: the others are still waiting, and go on without this thread
            with self._guard:
                self._queue.extendleft(each for each in reversed(batch) if not each.is_done)
            raise
