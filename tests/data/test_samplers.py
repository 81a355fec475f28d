"""Samplers: what an epoch holds, that processes share its batches, and that it can be gone on with anywhere."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from fdemd.data.samplers import BalancedSampler, BatchSampler, ShuffledSampler
from fdemd.errors import InputError

LABELS = np.repeat([3, 5, 8, 13, 21, 34], [1, 2, 7, 30, 11, 5])


def shuffled(rank: int = 0, world_size: int = 1, seed: int = 0) -> BatchSampler:
    return ShuffledSampler(100, 12, seed=seed, rank=rank, world_size=world_size)


def shuffled_in_blocks(rank: int = 0, world_size: int = 1, seed: int = 0) -> BatchSampler:
    return ShuffledSampler(1000, 12, seed=seed, block=5, rank=rank, world_size=world_size)


def balanced(rank: int = 0, world_size: int = 1, seed: int = 0) -> BatchSampler:
    return BalancedSampler(LABELS, people=4, photographs=3, seed=seed, rank=rank, world_size=world_size)


every_kind = pytest.mark.parametrize("kind", [shuffled, shuffled_in_blocks, balanced])


@every_kind
def test_the_order_is_a_function_of_seed_and_epoch(kind: type[BatchSampler]) -> None:
    one, other = kind(seed=4), kind(seed=4)
    first = list(one)
    assert first == list(one) == list(other)
    assert first != list(kind(seed=5))
    one.set_epoch(1)
    second = list(one)
    assert second != first
    one.set_epoch(0)
    assert list(one) == first
    assert len(one) == len(first) == len(second)


@every_kind
@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_shares_of_processes_make_up_the_batches_of_one(kind: type[BatchSampler], world_size: int) -> None:
    shares = [list(kind(rank, world_size)) for rank in range(world_size)]
    assert [list(chain(*parts)) for parts in zip(*shares, strict=True)] == list(kind())
    assert {len(batch) for share in shares for batch in share} == {12 // world_size}


@every_kind
def test_goes_on_from_the_middle_of_an_epoch_as_if_it_had_not_stopped(kind: type[BatchSampler]) -> None:
    uninterrupted = kind()
    uninterrupted.set_epoch(3)
    whole = list(uninterrupted)
    uninterrupted.set_epoch(4)
    for done in range(len(whole) + 1):
        resumed = kind()
        resumed.set_position(3, done)
        resumed.set_epoch(3)  # as Lightning does before an epoch, resumed or not
        assert list(resumed) == whole[done:]
        assert len(resumed) == len(whole)
        resumed.set_epoch(4)
        assert list(resumed) == list(uninterrupted)


@every_kind
def test_a_loader_takes_it_as_its_batch_sampler(kind: type[BatchSampler]) -> None:
    loader = DataLoader(list(range(1000)), batch_sampler=kind())  # type: ignore[arg-type]
    assert [batch.tolist() for batch in loader] == list(kind())
    assert len(loader) == len(kind())


class Recorder(LightningModule):
    """Trains nothing, and writes down what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.seen: list[list[int]] = []

    def training_step(self, batch: Tensor, index: int) -> None:
        self.seen.append(batch.tolist())

    def configure_optimizers(self) -> None:
        return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("num_workers", [0, 1])
def test_lightning_moves_it_from_epoch_to_epoch(num_workers: int) -> None:
    module = Recorder()
    loader = DataLoader(list(range(100)), batch_sampler=shuffled(), num_workers=num_workers)  # type: ignore[arg-type]
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    Trainer(accelerator="cpu", max_epochs=3, **quiet).fit(module, loader)
    assert module.seen == [batch for epoch in range(3) for batch in shuffled().whole_batches(epoch)]


@given(
    rows=st.integers(1, 400),
    batch_size=st.integers(1, 50),
    block=st.integers(1, 60),
    seed=st.integers(0, 2**32),
    epoch=st.integers(0, 1000),
)
def test_every_row_comes_once_but_for_less_than_a_batch(
    rows: int, batch_size: int, block: int, seed: int, epoch: int
) -> None:
    sampler = ShuffledSampler(rows, min(batch_size, rows), seed=seed, block=block)
    sampler.set_epoch(epoch)
    order = sampler.order(epoch).tolist()
    assert sorted(order) == list(range(rows))
    drawn = list(chain(*sampler))
    assert drawn == order[: len(drawn)]
    assert rows - len(drawn) < min(batch_size, rows)


def test_rows_left_over_are_others_in_each_epoch() -> None:
    sampler = ShuffledSampler(100, 60, seed=0)
    left = [set(range(100)) - set(next(iter(sampler.whole_batches(epoch)))) for epoch in range(20)]
    assert set.union(*left) == set(range(100))


def test_a_block_of_one_row_is_a_uniform_order() -> None:
    """Each of the 24 orders of 4 rows, equally often."""
    sampler = ShuffledSampler(4, 4, seed=0)
    counts = Counter(tuple(sampler.order(epoch)) for epoch in range(4800))
    assert len(counts) == 24
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 49.7  # chi-square, 23 degrees, p = 0.001


def test_blocks_keep_reads_together_and_still_mix() -> None:
    """A window of draws reads 64 runs of consecutive rows, no batch is one run, and neighbours part."""
    block, window = 10, 640
    order = ShuffledSampler(6400, 64, seed=0, block=block).order(0)
    for start in range(0, 6400, window):
        blocks = Counter((order[start : start + window] // block).tolist())
        assert len(blocks) == 64 and set(blocks.values()) == {block}
    assert all(len(set((order[start : start + 64] // block).tolist())) > 30 for start in range(0, 6400, 64))
    assert (np.diff(order) == 1).mean() < 0.02
    free = ShuffledSampler(6400, 64, seed=0).order(0)
    assert len(set((free[:window] // block).tolist())) > 250


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    people=st.integers(1, 12),
    photographs=st.integers(1, 6),
    seed=st.integers(0, 2**32),
)
def test_a_balanced_batch_has_so_many_people_and_photographs(
    sizes: list[int], people: int, photographs: int, seed: int
) -> None:
    people = min(people, len(sizes))
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)) * 7, sizes))
    sampler = BalancedSampler(labels, people=people, photographs=photographs, seed=seed)
    batches = list(sampler)
    assert len(batches) == max(1, len(labels) // (people * photographs))
    for batch in batches:
        # Each person's photographs stand together, so that a process has all of them.
        persons = labels[batch].reshape(people, photographs)
        assert (persons == persons[:, :1]).all() and len(set(persons[:, 0])) == people
        for person, own in zip(persons[:, 0], np.reshape(batch, (people, photographs)), strict=True):
            times = Counter(own.tolist()).values()
            assert len(times) == min(photographs, sizes[person // 7])
            assert max(times) - min(times) <= 1


def test_people_and_their_photographs_are_drawn_equally_often() -> None:
    labels = np.repeat(np.arange(10), np.arange(20, 40, 2))
    drawn = list(chain(*BalancedSampler(labels, people=4, photographs=3, seed=0)))
    of_person = Counter(labels[drawn].tolist())
    assert len(of_person) == 10 and max(of_person.values()) - min(of_person.values()) <= 3
    of_row = Counter(drawn)
    for person in range(10):
        times = [of_row[row] for row in np.flatnonzero(labels == person).tolist()]
        assert max(times) - min(times) <= 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ShuffledSampler(10, 12, seed=0), "data.batch_size is 12, but there are only 10 faces"),
        (lambda: ShuffledSampler(100, 10, seed=0, world_size=3), "10; it must be a multiple of the 3 processes"),
        (lambda: BalancedSampler([0, 0, 1], people=3, photographs=1, seed=0), "takes 3 people, but there are only 2"),
        (lambda: BalancedSampler([0, 1, 2], people=3, photographs=1, seed=0, world_size=2), "multiple of the 2"),
    ],
)
def test_mistakes_are_told_in_a_sentence(make: type[BatchSampler], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()
