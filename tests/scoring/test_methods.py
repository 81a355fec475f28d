import pytest

from fdemd.errors import InputError
from fdemd.retrieval.settings import RerankSettings
from fdemd.scoring.methods import ExpansionSettings, KReciprocalSettings, read_methods

DEFAULTS = RerankSettings(weighting="sc", alpha=0.4, k=50)


def test_lists_are_combined_and_what_is_not_said_is_as_in_rerank() -> None:
    methods = read_methods([{"method": "emd", "alpha": [0, 0.7], "grid": [None, [4, 4]]}], DEFAULTS)
    found = [(method.alpha, method.k, method.facts((8, 8))["grid"]) for method in methods]
    assert found == [(0, 50, "8x8"), (0, 50, "4x4"), (0.7, 50, "8x8"), (0.7, 50, "4x4")]
    assert {method.measure.weighting for method in methods} == {"sc"}
    assert len({method.measure for method in methods}) == 2, "alpha and k need no new similarities"


def test_a_method_that_two_entries_give_is_measured_once() -> None:
    assert len(read_methods([{"method": "emd"}, {"method": "emd", "alpha": 0.4}], DEFAULTS)) == 1


def test_one_grid_is_no_list_of_grids() -> None:
    (method,) = read_methods([{"method": "emd", "grid": [4, 4]}], DEFAULTS)
    assert method.measure.grid == (4, 4)


def test_the_other_re_rankers_and_the_whole_gallery() -> None:
    entries = [{"method": "k_reciprocal", "k1": 10}, {"method": "query_expansion"}, {"method": "emd", "k": "all"}]
    reciprocal, expansion, whole = read_methods(entries, DEFAULTS)
    assert reciprocal.measure == KReciprocalSettings(k1=10)
    assert reciprocal.alpha == 0.7
    assert expansion.measure == ExpansionSettings()
    assert whole.k is None
    assert whole.facts((8, 8))["k"] == "all"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"method": "emb"}, "emd"),
        ({}, "method of a study"),
        ({"method": "emd", "alpha": 2}, "between 0"),
        ({"method": "emd", "alpha": "often"}, "auto"),
        ({"method": "emd", "k": 0}, "at least 1"),
        ({"method": "emd", "colour": "red"}, "setting of emd"),
        ({"method": "query_expansion", "k1": 3}, "setting of query_expansion"),
        ({"method": "emd", "weighting": "apd"}, "apc"),
    ],
)
def test_mistakes_are_told(entry, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_methods([entry], DEFAULTS)


def test_an_empty_study_is_a_mistake() -> None:
    with pytest.raises(InputError, match="empty"):
        read_methods([], DEFAULTS)
