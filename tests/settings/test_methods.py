"""Entries of a study: every combination of their values, each measured once."""

from typing import Any

import pytest

from fdemd.errors import InputError
from fdemd.settings.checking import check_settings
from fdemd.settings.methods import Method, MethodEntry, combinations_of
from fdemd.settings.ranking import EmdRerank, KReciprocalRerank, QueryExpansionRerank, Reranking
from fdemd.settings.section import Section

DEFAULTS = EmdRerank(weighting="sc", alpha=0.4, k=50)


class Entries(Section):
    methods: list[MethodEntry]


def combinations(*entries: Any, rerank: Reranking = DEFAULTS) -> list[Method]:
    return combinations_of(check_settings(Entries, {"methods": list(entries)}).methods, rerank)


def test_lists_are_combined_and_what_is_not_said_is_as_in_rerank() -> None:
    methods = combinations({"method": "emd", "alpha": [0, 0.7], "grid": [None, [4, 4]]})
    found = [(each.alpha, each.k, each.settings.options["grid"]) for each in methods]
    assert found == [(0, 50, None), (0, 50, (4, 4)), (0.7, 50, None), (0.7, 50, (4, 4))]
    assert {each.settings.options["weighting"] for each in methods} == {"sc"}
    assert len({each.settings for each in methods}) == 2, "alpha and k need no new similarities"


def test_a_method_that_two_entries_give_is_measured_once() -> None:
    assert len(combinations({"method": "emd"}, {"method": "emd", "alpha": 0.4})) == 1


def test_one_grid_is_no_list_of_grids() -> None:
    (method,) = combinations({"method": "emd", "grid": [4, 4]})
    assert method.settings.options["grid"] == (4, 4)


def test_the_other_re_rankers_and_the_whole_gallery() -> None:
    entries = [{"method": "k_reciprocal", "k1": 10}, {"method": "query_expansion"}, {"method": "emd", "k": "all"}]
    reciprocal, expansion, whole = combinations(*entries)
    assert reciprocal == Method(KReciprocalRerank(k1=10), alpha=0.7, k=50)
    assert expansion == Method(QueryExpansionRerank(), alpha=1.0, k=50)
    assert whole.k is None


def test_what_is_not_said_is_as_in_rerank_for_any_re_ranker() -> None:
    rerank = KReciprocalRerank(k1=7, alpha=0.2, k=30)
    reciprocal, emd = combinations({"method": "k_reciprocal"}, {"method": "emd"}, rerank=rerank)
    assert reciprocal == Method(KReciprocalRerank(k1=7), alpha=0.2, k=30)
    assert emd == Method(EmdRerank(), alpha=0.7, k=30)


def test_an_entry_is_recorded_as_it_was_given() -> None:
    given = {"method": "emd", "alpha": [0.7], "grid": [[4, 4]]}
    assert check_settings(Entries, {"methods": [given]}).plain() == {"methods": [given]}


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"method": "emb"}, "did you mean emd"),
        ({"method": "none"}, "Unknown methods[0].method 'none'"),
        ({}, "must say its method"),
        ({"method": "emd", "alpha": 2}, "between 0"),
        ({"method": "emd", "alpha": "often"}, "auto"),
        ({"method": "emd", "k": 0}, "at least 1"),
        ({"method": "emd", "colour": "red"}, "There is no setting methods[0].colour."),
        ({"method": "query_expansion", "k1": 3}, "There is no setting methods[0].k1."),
        ({"method": "emd", "weighting": "apd"}, "did you mean apc"),
        ({"method": "emd", "weighting": "uew"}, "it never converges"),
    ],
)
def test_mistakes_are_told(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        combinations(entry)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("weighting", "alpha"), [("apc", 0.0), ("apc", 0.7), ("cc", 0.0), ("cc", 0.7)]),
        (("alpha", "weighting"), [("apc", 0.0), ("cc", 0.0), ("apc", 0.7), ("cc", 0.7)]),
    ],
)
def test_the_setting_that_is_written_last_changes_fastest(
    names: tuple[str, ...], found: list[tuple[str, float]]
) -> None:
    values = {"alpha": [0.0, 0.7], "weighting": ["apc", "cc"]}
    methods = combinations({"method": "emd", **{name: values[name] for name in names}})
    assert [(each.settings.options["weighting"], each.alpha) for each in methods] == found


@pytest.mark.parametrize("setting", ["alpha", "k", "grid", "weighting"])
def test_an_empty_list_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match="give one value or several, or leave the setting away"):
        combinations({"method": "emd", setting: []})
