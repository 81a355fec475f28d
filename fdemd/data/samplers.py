"""Samplers of training batches: a function of seed and epoch alone, on any number of processes.

Both samplers are ``batch_sampler`` of a :class:`~torch.utils.data.DataLoader`, which then is not to be given a
distributed sampler as well (Lightning's ``use_distributed_sampler=False``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

from fdemd.errors import InputError

_WINDOW = 64
"""Blocks among which rows are shuffled. Of 128 rows each they hold 8,192 faces, 400 MB at 128x128."""


class BatchSampler(Sampler[list[int]], ABC):
    """One process's share of the batches of an epoch.

    A batch of all processes together holds the same rows however many there are: it is the shares of processes 0, 1,
    ... one after another. Iterating changes nothing, so that the same epoch comes again until :meth:`set_epoch`.
    """

    def __init__(self, batch_size: int, *, seed: int, rank: int, world_size: int) -> None:
        """Start at the first batch of epoch 0.

        Args:
            batch_size: Rows of all processes together.
            seed: Seed of the order.
            rank: Number of this process, from 0.
            world_size: Number of processes.
        """
        self.seed = seed
        self.epoch = 0
        self._batches_done = 0
        share = batch_size // world_size
        self._share = slice(rank * share, (rank + 1) * share)

    @property
    def sampler(self) -> BatchSampler:
        """The sampler itself: Lightning looks here for what to call ``set_epoch`` of."""
        return self

    @abstractmethod
    def whole_batches(self, epoch: int) -> Iterator[Sequence[int]]:
        """Yield every batch of an epoch, of all processes together, from the first."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of batches in a whole epoch, from wherever it is begun."""

    def __iter__(self) -> Iterator[list[int]]:
        """Yield this process's rows of each batch of the epoch that is left."""
        for batch in islice(self.whole_batches(self.epoch), self._batches_done, None):
            yield list(batch[self._share])

    def set_epoch(self, epoch: int) -> None:
        """Go to the first batch of another epoch; within the same one, stay. Lightning calls it before every epoch."""
        if epoch != self.epoch:
            self.set_position(epoch, 0)

    def set_position(self, epoch: int, batches_done: int) -> None:
        """Go on as a run would that has done so many batches of an epoch.

        To be called before the loader is iterated: its workers draw the first batches at once.
        """
        self.epoch, self._batches_done = epoch, batches_done

    def _generator(self, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch])


class ShuffledSampler(BatchSampler):
    """Every row once an epoch, in a random order; fewer than a batch are left over, others each time.

    On a disk where seeking is slow, ``block`` keeps consecutive rows near each other: blocks of so many rows are
    shuffled, then the rows within each 64 blocks that follow one another. Any 64 * ``block`` draws of a window thus
    read 64 runs of ``block`` rows, which are in the operating system's memory after one sequential read each, and a
    batch mixes rows of up to 64 places. A ``block`` of 1 is the plain random order.

    Example:
        >>> sampler = ShuffledSampler(rows=10, batch_size=4, seed=0)
        >>> [len(batch) for batch in sampler]
        [4, 4]
        >>> halves = [ShuffledSampler(10, 4, seed=0, rank=rank, world_size=2) for rank in range(2)]
        >>> [one + other for one, other in zip(*halves)] == list(sampler)
        True
    """

    def __init__(
        self, rows: int, batch_size: int, *, seed: int, block: int = 1, rank: int = 0, world_size: int = 1
    ) -> None:
        """Start at the first batch of epoch 0.

        Args:
            rows: Number of rows; 0 to ``rows - 1`` are drawn.
            batch_size: Rows of all processes together, at least 1.
            seed: Seed of the order.
            block: Consecutive rows that are drawn near each other, at least 1.
            rank: Number of this process, from 0.
            world_size: Number of processes.

        Raises:
            InputError: there are fewer rows than a batch takes, or processes cannot share a batch equally.
        """
        super().__init__(batch_size, seed=seed, rank=rank, world_size=world_size)
        if batch_size % world_size:
            raise InputError(f"data.batch_size is {batch_size}; it must be a multiple of the {world_size} processes.")
        if rows < batch_size:
            raise InputError(f"data.batch_size is {batch_size}, but there are only {rows} faces to train on.")
        self._rows, self._batch_size, self._block = rows, batch_size, block

    def __len__(self) -> int:
        return self._rows // self._batch_size

    def whole_batches(self, epoch: int) -> Iterator[list[int]]:
        """See :meth:`BatchSampler.whole_batches`."""
        order = self.order(epoch)
        for batch in range(len(self)):
            yield order[batch * self._batch_size : (batch + 1) * self._batch_size].tolist()

    def order(self, epoch: int) -> npt.NDArray[np.int64]:
        """Return all rows ``(rows,)`` in the order of an epoch."""
        generator = self._generator(epoch)
        starts = self._block * generator.permutation(-(-self._rows // self._block))
        # The last block may be short; what it lacks lies beyond the last row.
        order = (starts[:, None] + np.arange(self._block)).ravel()
        order = order[order < self._rows]
        window = _WINDOW * self._block
        for start in range(0, len(order), window):
            generator.shuffle(order[start : start + window])
        return order


class BalancedSampler(BatchSampler):
    """Batches of ``people`` identities with ``photographs`` each, so that identities count alike however large.

    Over an epoch identities are drawn equally often, and so are the photographs of each, both to within one. Who has
    fewer photographs than are asked for appears with some of them twice. An epoch has as many batches as its rows
    fill.

    Example:
        >>> from collections import Counter
        >>> labels = [0, 0, 0, 1, 1, 2, 2, 2]
        >>> (first, *_) = BalancedSampler(labels, people=2, photographs=2, seed=0)
        >>> sorted(Counter(labels[row] for row in first).values())
        [2, 2]
    """

    def __init__(
        self,
        labels: Sequence[int] | npt.NDArray[np.int64],
        *,
        people: int,
        photographs: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """Start at the first batch of epoch 0.

        Args:
            labels: ``(rows,)`` identity of each row.
            people: Identities in a batch of all processes together, at least 1.
            photographs: Photographs of each of them, always on one process, at least 1.
            seed: Seed of the order.
            rank: Number of this process, from 0.
            world_size: Number of processes.

        Raises:
            InputError: there are fewer identities than asked for, or processes cannot share them equally.
        """
        super().__init__(people * photographs, seed=seed, rank=rank, world_size=world_size)
        if people % world_size:
            raise InputError(
                f"The people in a balanced batch ({people}) must be a multiple of the {world_size} processes."
            )
        known, person = np.unique(np.asarray(labels), return_inverse=True)
        if len(known) < people:
            raise InputError(f"A balanced batch takes {people} people, but there are only {len(known)} to train on.")
        self._rows_of = np.split(np.argsort(person, kind="stable"), np.bincount(person).cumsum()[:-1])
        self._people, self._photographs = people, photographs
        self._batches = max(1, len(person) // (people * photographs))

    def __len__(self) -> int:
        return self._batches

    def whole_batches(self, epoch: int) -> Iterator[list[int]]:
        """See :meth:`BatchSampler.whole_batches`."""
        generator = self._generator(epoch)
        identities = _Cards(np.arange(len(self._rows_of)), generator)
        rows = [_Cards(own, generator) for own in self._rows_of]
        for _ in range(len(self)):
            yield [row for person in identities.deal(self._people) for row in rows[person].deal(self._photographs)]


class _Cards:
    """Deals hands from pack after shuffled pack: no card twice in a hand unless the pack is smaller than the hand."""

    def __init__(self, pack: npt.NDArray[np.int64], generator: np.random.Generator) -> None:
        self._pack, self._generator, self._left = pack, generator, pack[:0]

    def deal(self, hand: int) -> list[int]:
        while len(self._left) < hand:
            fresh = self._generator.permutation(self._pack)
            # A card that is left of the last pack comes late in the next one, so that a hand of both has it once.
            again = np.isin(fresh, self._left)
            self._left = np.concatenate([self._left, fresh[~again], fresh[again]])
        dealt, self._left = self._left[:hand], self._left[hand:]
        return dealt.tolist()
