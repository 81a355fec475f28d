"""A covered query searches the gallery whose faces are covered alike, any other one the gallery as it is."""

import pytest
import torch

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.copies import PLAIN, Copies, enrolled
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.fit import fit_estimator
from tests.visibility.made_features import noise, planted

BELOW, ABOVE = CONDITIONS.index("below"), CONDITIONS.index("above")
QUERY, TRUTH = planted(60)
GALLERY = noise(90, seed=1)
COPIES = Copies({"below": noise(90, seed=2)}, fit_estimator(QUERY, TRUTH.condition, TRUTH.visible))
LABELS = Labels.distinct(torch.arange(90) // 3)
OF_QUERIES = Labels(torch.arange(60) // 2, torch.arange(60), 1000 + torch.arange(60))


def test_queries_of_a_condition_with_copies_search_these() -> None:
    assert torch.equal(COPIES.choose(QUERY) == BELOW, TRUTH.condition == BELOW)
    assert (COPIES.choose(QUERY)[TRUTH.condition == ABOVE] == PLAIN).all(), "there are no such copies"


def test_what_is_not_likely_is_not_believed() -> None:
    unsure = fit_estimator(QUERY, TRUTH.condition, TRUTH.visible, condition_penalty=1e6)
    assert (Copies(COPIES.galleries, unsure).choose(QUERY) == PLAIN).all()


def test_the_ranking_is_that_of_each_query_s_own_gallery() -> None:
    stages = second_stages(EmdRerank(alpha=0.3, k=10))
    search = TwoStageSearch(GALLERY, LABELS, stages, copies=COPIES)
    found = search.queries(QUERY, OF_QUERIES).rank(LEAVE_TWIN_OUT, depth=20)
    below = TRUTH.condition == BELOW
    for gallery, covered in ((GALLERY, ~below), (COPIES.galleries["below"], below)):
        (rows,) = covered.nonzero(as_tuple=True)
        alone = TwoStageSearch(gallery, LABELS, stages).queries(QUERY[rows], OF_QUERIES[rows])
        wanted = alone.rank(LEAVE_TWIN_OUT, depth=20)
        assert torch.equal(found.first.indices[rows], wanted.first.indices)
        assert torch.equal(found.second(stages[0]).indices[rows], wanted.second(stages[0]).indices)
    assert found.similarity(stages[0]).engine == wanted.similarity(stages[0]).engine


def test_copies_that_no_query_is_like_change_nothing() -> None:
    (rows,) = (TRUTH.condition != BELOW).nonzero(as_tuple=True)
    query, labels, stages = QUERY[rows], OF_QUERIES[rows], second_stages(EmdRerank(alpha=0.3, k=10))
    plain, copied = (
        TwoStageSearch(GALLERY, LABELS, stages, copies=copies).queries(query, labels).rank(LEAVE_TWIN_OUT, depth=20)
        for copies in (None, COPIES)
    )
    assert torch.equal(copied.second(stages[0]).indices, plain.second(stages[0]).indices)
    assert torch.equal(copied.second(stages[0]).scores, plain.second(stages[0]).scores)


def test_a_face_is_enrolled_between_photograph_and_copy() -> None:
    faces, copies = noise(5, seed=3), noise(5, seed=4)
    found = enrolled(faces, copies)
    for each in (faces, copies):
        longer = Features(3 * each.embedding, each.patches, each.grid)
        other = copies if each is faces else faces
        torch.testing.assert_close(enrolled(longer, other).embedding, found.embedding, msg="lengths play no part")
        near = torch.cosine_similarity(found.embedding, each.embedding)
        assert (near > torch.cosine_similarity(faces.embedding, copies.embedding)).all()
    torch.testing.assert_close(found.patches, (faces.patches + copies.patches) / 2)


def test_numbers_that_are_not_finite_are_refused() -> None:
    broken = Features(torch.full((5, 8), torch.nan), noise(5).patches, (4, 4))
    with pytest.raises(InputError, match="the copies' embeddings are not finite"):
        enrolled(noise(5), broken)
