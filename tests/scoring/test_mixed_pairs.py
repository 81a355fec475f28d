"""Drawn pairs against all pairs, looked at one by one."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.scoring.mixed_pairs import draw_pairs


def labels(identities: list[int], sources: list[int], *, queries: bool) -> Labels:
    picture = torch.arange(len(identities))
    return Labels(torch.tensor(identities), torch.tensor(sources), -1 - picture if queries else picture)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=12).filter(lambda people: len(set(people)) > 1), st.data())
def test_pairs_are_all_of_one_person_and_as_many_of_two(people: list[int], data: st.DataObject) -> None:
    photographs = list(range(len(people)))
    chosen = data.draw(st.lists(st.sampled_from(photographs), min_size=1, max_size=12))
    query = labels([people[one] for one in chosen], chosen, queries=True)
    gallery = labels(people, photographs, queries=False)
    found = draw_pairs(
        query,
        gallery,
        protocol=LEAVE_TWIN_OUT,
        most=1000,
        generator=torch.Generator().manual_seed(data.draw(st.integers(0, 9))),
    )
    every = [(one, other) for one in range(len(chosen)) for other in photographs]
    mated = {(one, other) for one, other in every if people[chosen[one]] == people[other] and chosen[one] != other}
    strangers = {(one, other) for one, other in every if people[chosen[one]] != people[other]}
    drawn = list(zip(found.query.tolist(), found.gallery.tolist(), found.same.tolist(), strict=True))
    assert {(one, other) for one, other, same in drawn if same} == mated
    apart = [(one, other) for one, other, same in drawn if not same]
    assert set(apart) <= strangers and len(set(apart)) == len(apart)
    assert len(apart) == min(len(mated), len(strangers))


def test_a_large_table_is_drawn_from_without_listing_it() -> None:
    people = torch.arange(600) // 2
    query, gallery = (Labels(people, torch.arange(600) + shift, torch.arange(600) - shift) for shift in (1000, 0))
    found = draw_pairs(query, gallery, protocol=LEAVE_TWIN_OUT, most=300, generator=torch.Generator().manual_seed(0))
    assert found.same.sum() == 300
    assert (people[found.query] == people[found.gallery]).equal(found.same)
    assert len({*zip(found.query.tolist(), found.gallery.tolist(), strict=True)}) == len(found.same) == 600


def test_without_queries_there_are_no_pairs() -> None:
    nobody = torch.zeros(0, dtype=torch.long)
    gallery = Labels.distinct(torch.tensor([0, 1]))
    pairs = draw_pairs(
        Labels(nobody, nobody, nobody), gallery, protocol=LEAVE_TWIN_OUT, most=5, generator=torch.Generator()
    )
    assert [len(each) for each in pairs] == [0, 0, 0]
