"""Parts that are put together are the whole."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fdemd.gallery.cluster import merging
from fdemd.gallery.cluster.merging import merged, split
from fdemd.gallery.cluster.shard import Ranked
from fdemd.gallery.index import Snapshot
from fdemd.retrieval.ranking import NOBODY


def snapshot_of(photographs: Tensor) -> Snapshot:
    return Snapshot(5, torch.zeros(len(photographs), 0), photographs, photographs, {})


@given(st.integers(0, 60), st.integers(1, 5), st.integers(1, 3), st.integers(1, 50), st.integers(0, 10**6))
def test_the_best_of_all_parts_in_one_order(faces: int, parts: int, queries: int, depth: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    photographs = (torch.randperm(3 * faces + 1, generator=generator)[:faces] + 1).sort().values
    cosines = torch.randint(0, 9, (queries, faces), generator=generator) / 10  # many are equal
    answers = []
    for part in range(parts):
        mine = photographs % parts == part
        order = cosines[:, mine].sort(dim=1, descending=True, stable=True).indices[:, :depth]
        answers.append(Ranked(5, photographs[mine][order], cosines[:, mine].gather(1, order)))
    before = merging.DEPTH
    try:
        merging.DEPTH = depth  # type: ignore[misc]
        found = merged(answers, snapshot_of(photographs))
    finally:
        merging.DEPTH = before  # type: ignore[misc]
    expected = cosines.sort(dim=1, descending=True, stable=True)
    assert torch.equal(found.indices, expected.indices[:, :depth])
    assert torch.equal(found.scores, expected.values[:, :depth])


def test_places_of_nobody_come_last() -> None:
    photographs = torch.tensor([1, 2, 4])
    one = Ranked(5, torch.tensor([[2, 4], [4, NOBODY]]), torch.tensor([[0.5, 0.1], [0.2, -torch.inf]]))
    other = Ranked(5, torch.tensor([[1], [NOBODY]]), torch.tensor([[0.3], [-torch.inf]]))
    found = merged([one, other], snapshot_of(photographs))
    assert found.indices.tolist() == [[1, 0, 2], [2, NOBODY, NOBODY]]


@given(st.lists(st.lists(st.integers(0, 99), max_size=6, unique=True), min_size=1, max_size=4), st.integers(1, 7))
def test_every_candidate_goes_to_its_part_and_keeps_its_place(lines: list[list[int]], parts: int) -> None:
    longest = max(map(len, lines))
    table = torch.tensor([line + [NOBODY] * (longest - len(line)) for line in lines], dtype=torch.long)
    back = torch.full_like(table, NOBODY)
    for part, (candidates, places) in enumerate(split(table, parts)):
        there = candidates != NOBODY
        assert (candidates[there] % parts == part).all()
        assert (there[:, :-1] >= there[:, 1:]).all(), "nobody only at the end"
        rows = torch.arange(len(table))[:, None].expand_as(places)[there]
        back[rows, places[there]] = candidates[there]
    assert torch.equal(back, table)
