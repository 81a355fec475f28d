"""Sections of both stages: their ranges, and what they are found by."""

from typing import Any

import pytest

from fdemd.errors import InputError
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import EmdRerank, OtherRerank, QueryExpansionRerank, Rerank, Stage1
from fdemd.settings.section import Section


class Both(Section):
    stage1: Stage1
    rerank: Rerank


def both(stage1: dict[str, Any] | None = None, rerank: dict[str, Any] | None = None) -> Both:
    return check_settings(Both, {"stage1": stage1 or {"search": "exact"}, "rerank": rerank or {"method": "none"}})


@pytest.mark.parametrize(
    ("stage1", "sentence"),
    [
        ({"search": "faiss_ivff"}, "did you mean faiss_ivf"),
        ({"search": "faiss_ivf", "nprobe": 0}, "stage1.nprobe is 0"),
        ({"search": "faiss_ivfpq", "code": 0}, "stage1.code is 0"),
        ({"search": "faiss_ivfpq", "refine": 1.5}, "stage1.refine takes a whole number"),
        ({"search": "faiss_hnsw", "m": 2.5}, "stage1.m takes a whole number"),
        ({"search": "faiss_hnsw", "m": 1}, "stage1.m is 1; it must be a whole number from 2 to 1024"),
        ({"search": "faiss_hnsw", "m": 2000}, "stage1.m is 2000; it must be a whole number from 2 to 1024"),
        ({"search": "faiss_hnsw", "ef_search": 99999999999}, "stage1.ef_search is 99999999999"),
        ({"search": "faiss_hnsw", "ef_construction": 2**31}, "stage1.ef_construction is 2147483648"),
        ({"search": "faiss_ivf", "nlist": 0}, "stage1.nlist is 0"),
        ({"search": "faiss_ivf", "nlist": True}, "stage1.nlist takes a whole number"),
        ({"search": "faiss_ivf", "nprobe": 10**30}, "stage1.nprobe is 10"),
    ],
)
def test_an_impossible_index_is_refused(stage1: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        both(stage1=stage1)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"alpha": 2}, "rerank.alpha is 2"),
        ({"k": 0}, "rerank.k is 0"),
        ({"weighting": "acp"}, "did you mean apc"),
        ({"stop": "never"}, "choose one of converged, official"),
        ({"eps": 0}, "rerank.eps is 0"),
        ({"tolerance": 0}, "rerank.tolerance is 0"),
        ({"grid": [4]}, "rerank.grid is [4]"),
        ({"grid": 5}, "rerank.grid takes [rows,columns]"),
        ({"grid": [2.5, 4]}, "rerank.grid is [2.5,4]"),
        ({"weighting": "uew"}, "it never converges"),
        ({"weighting": "uew", "stop": "official", "visible": "partial"}, "use another weighting with visible=partial"),
        ({"visible": "off"}, "rerank.visible"),
        ({"n": 3}, "There is no setting rerank.n"),
    ],
)
def test_an_impossible_transport_is_refused(setting: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        both(rerank={"method": "emd", **setting})
    assert sentence in str(error.value)


def test_each_re_ranker_has_its_section() -> None:
    assert isinstance(both(rerank={"method": "emd"}).rerank, EmdRerank)
    assert isinstance(both(rerank={"method": "query_expansion", "n": 5}).rerank, QueryExpansionRerank)


def test_an_unknown_re_ranker_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as error:
        both(rerank={"method": "k_reciprocl"})
    assert str(error.value) == (
        "Unknown rerank.method 'k_reciprocl' (did you mean k_reciprocal?); choose one of emd, k_reciprocal, "
        "query_expansion."
    )


def test_settings_of_another_package_s_re_ranker_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.settings.ranking.plugin_names", lambda group: ["mine"])
    monkeypatch.setattr("fdemd.settings.ranking.check_plugin_settings", lambda *given: {})
    section = both(rerank={"method": "mine", "radius": 3, "k": 7}).rerank
    assert isinstance(section, OtherRerank)
    assert section.options == {"radius": 3}
    assert section.plain() == {"method": "mine", "radius": 3, "k": 7}
    with pytest.raises(InputError, match=r"rerank\.k is 0"):
        both(rerank={"method": "mine", "k": 0})


def test_equal_measures_are_equal_whatever_alpha_and_k() -> None:
    assert EmdRerank(alpha=0.2, k=5).measure() == EmdRerank()
    assert hash(EmdRerank(grid=(4, 4), k=5).measure()) == hash(EmdRerank(grid=(4, 4)))


def test_two_photographs_need_a_number_as_alpha() -> None:
    assert EmdRerank(alpha=1).fixed_alpha == 1.0
    for rule in ("auto", "calibrated"):
        with pytest.raises(InputError, match=f"rerank.alpha={rule} is chosen for each query"):
            _ = EmdRerank(alpha=rule).fixed_alpha


def test_two_photographs_are_compared_by_all_patches_alike() -> None:
    with pytest.raises(InputError, match=r"rerank\.visible=partial is for queries that search a gallery"):
        _ = EmdRerank(visible="partial").fixed_alpha


def test_a_calibration_is_for_what_decides_a_similarity() -> None:
    used = EmdRerank(
        alpha="calibrated", k=50, engine="cpu", tolerance=1e-3, calibration="x", visible="mass", grid=(4, 4)
    ).compared_by
    assert used == EmdRerank(grid=(4, 4)).compared_by
    assert used == {
        "method": "emd",
        "weighting": "apc",
        "eps": 0.05,
        "stop": "converged",
        "patches": "raw",
        "grid": [4, 4],
    }
