"""A re-ranker is found by the name of its file; without a section, its settings are those of its signature."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import fdemd
import fdemd.retrieval
from fdemd.errors import InputError
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.rerankers import build_reranker
from fdemd.settings.own_rerankers import own_reranker, own_rerankers
from fdemd.settings.ranking import OtherRerank

MODULE = """
from fdemd.retrieval.reranker import Reranker, Similarity


class Best(Reranker):
    def __init__(self, *, best: int = 3) -> None:
        self.best = best

    def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=None):
        return Similarity(-shortlist.float())
"""


@pytest.fixture
def best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A new file in ``fdemd/retrieval``, for one test."""
    (tmp_path / "reranker_my_best.py").write_text(MODULE)
    fdemd.retrieval.__path__.append(str(tmp_path))
    yield
    fdemd.retrieval.__path__.remove(str(tmp_path))
    sys.modules.pop("fdemd.retrieval.reranker_my_best", None)


def test_the_class_of_a_module_is_found() -> None:
    assert own_reranker("emd") is EmdReranker


@pytest.mark.usefixtures("best")
def test_a_new_file_is_a_choice_with_the_settings_of_its_signature() -> None:
    assert "my_best" in own_rerankers()
    assert build_reranker(OtherRerank(method="my_best", best=5)).best == 5  # type: ignore[attr-defined, call-arg]


@pytest.mark.usefixtures("best")
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"best": "x"}, "rerank.best takes a whole number, not 'x'."),
        ({"bets": 1}, "There is no setting rerank.bets."),
        ({"k": 0}, "k is 0; at least 1 candidate must be re-ranked (the paper has 100)."),
    ],
)
def test_its_settings_are_checked_before_it_is_built(settings: dict[str, object], sentence: str) -> None:
    faces = fdemd.Features(torch.eye(3), torch.ones(3, 4, 2), (2, 2))
    with pytest.raises(InputError) as error:
        fdemd.rerank(fdemd.rank(faces, faces), faces, faces, "my_best", **settings)
    assert str(error.value) == sentence
