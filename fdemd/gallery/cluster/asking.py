"""Asking every shard, whichever of its replicas can answer: the dead are passed over, the slow are overtaken."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from fdemd.gallery.refusals import UnavailableError

_PAUSE = 0.1
"""Seconds until a shard none of whose replicas answered is asked again, while there is time."""
_BETWEEN_LOOKS = 1.0
"""Seconds between two looks at a replica that did not answer."""


class LostError(Exception):
    """A replica died, cannot be reached or has not read its part yet; another one may answer."""


class Replica(Protocol):
    """One copy of a shard, somewhere."""

    def ask(self, method: str, *arguments: object) -> Future[Any]:
        """Begin to ask; nothing waits.

        Args:
            method: A method of :class:`fdemd.gallery.cluster.shard.Shard`.
            *arguments: Of the method.

        Returns:
            What the method will return, or a :class:`LostError`.
        """


class Replicas:
    """All copies of one shard; those that did not answer are asked last, until they answer a look again."""

    def __init__(self, copies: Sequence[Replica]) -> None:
        """Begin with trust in all of them."""
        self._copies, self._doubtful = list(copies), set[int]()
        self._lock, self._turn, self._closed = threading.Lock(), 0, False

    def __len__(self) -> int:
        return len(self._copies)

    @property
    def well(self) -> int:
        """Number of those that answer."""
        return len(self._copies) - len(self._doubtful)

    def in_order(self) -> list[Replica]:
        """Return all in the order in which they are to be asked: those that are well take turns."""
        with self._lock:
            self._turn += 1
            turned = [(place + self._turn) % len(self) for place in range(len(self))]
            return [self._copies[place] for place in sorted(turned, key=self._doubtful.__contains__)]

    def doubt(self, replica: Replica) -> None:
        """Ask a replica last from now on, and look whether it answers again."""
        place = self._copies.index(replica)
        with self._lock:
            if place in self._doubtful:
                return
            self._doubtful.add(place)
        self._look(place)

    def close(self) -> None:
        """Look at none any more."""
        self._closed = True

    def _look(self, place: int) -> None:
        if not self._closed:
            self._copies[place].ask("follow").add_done_callback(lambda answer: self._seen(place, answer))

    def _seen(self, place: int, answer: Future[Any]) -> None:
        if answer.exception() is None:
            with self._lock:
                self._doubtful.discard(place)
            return
        again = threading.Timer(_BETWEEN_LOOKS, self._look, (place,))
        again.daemon = True
        again.start()


@dataclass(frozen=True)
class Patience:
    """How long answers are waited for.

    Attributes:
        one: Seconds after which another replica is asked as well.
        all: Seconds after which there is no answer.
    """

    one: float = 1.0
    all: float = 10.0

    def for_faces(self, count: int) -> Patience:
        """Return the patience with a question about many faces, which takes longer."""
        return Patience(self.one * (1 + count / 20), self.all * (1 + count / 40))


class Question:
    """What one shard is asked, and how far that is."""

    def __init__(self, shard: int, replicas: Replicas, method: str, *arguments: object) -> None:
        """Take the number of a shard, its copies, and what they are asked."""
        self.shard, self._replicas, self._method, self._arguments = shard, replicas, method, arguments
        self._waiting = replicas.in_order()
        self.running: dict[Future[Any], tuple[Replica, float]] = {}
        self._asked = 0.0
        self.answer: Future[Any] | None = None

    def go_on(self, patience: float) -> None:
        """Take what was answered; ask the next replica if one was lost or lets wait.

        Args:
            patience: Seconds that a replica may let wait.

        Raises:
            Exception: Whatever a replica raised, other than that it was lost.
        """
        for future in [each for each in self.running if each.done()]:
            replica, _ = self.running.pop(future)
            if not isinstance(future.exception(), LostError):
                self._settle(future, patience)
                return
            self._replicas.doubt(replica)
        now = time.monotonic()
        if not self.running and not self._waiting and now - self._asked > _PAUSE:
            self._waiting = self._replicas.in_order()
        if self._waiting and (not self.running or now - self._asked > patience):
            replica, self._asked = self._waiting.pop(0), now
            self.running[replica.ask(self._method, *self._arguments)] = replica, now

    def _settle(self, answer: Future[Any], patience: float) -> None:
        self.answer = answer
        for replica, asked in self.running.values():
            if time.monotonic() - asked > patience:  # it was overtaken
                self._replicas.doubt(replica)


def ask_all(questions: Sequence[Question], patience: Patience) -> list[Any]:
    """Return the answers of all shards, or none at all.

    Args:
        questions: One a shard.
        patience: How long to wait.

    Raises:
        UnavailableError: A shard did not answer in time. What it is of the gallery is never left out of an answer.
        Exception: Whatever a shard raised.
    """
    end = time.monotonic() + patience.all
    while True:
        for question in questions:
            if question.answer is None:
                question.go_on(patience.one)
        unanswered = [question for question in questions if question.answer is None]
        if not unanswered:
            return [question.answer.result() for question in questions if question.answer is not None]
        if time.monotonic() > end:
            raise UnavailableError(
                f"Shard {unanswered[0].shard} of the gallery does not answer, and there is no answer without it; try "
                "again in a moment."
            )
        running = [future for question in unanswered for future in question.running]
        wait(running, timeout=min(_PAUSE, patience.one), return_when=FIRST_COMPLETED)
