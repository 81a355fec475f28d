"""Every contender of the benchmark computes the same similarity."""

import torch

from fdemd.bench.emd_contenders import EPS, EXACT, PUBLISHED, contenders
from fdemd.emd import Converged, Official, emd_similarity
from tests.bench.made_tasks import task


def test_the_published_algorithm_is_the_official_stop() -> None:
    of = task()
    run = next(each for each in contenders() if each.name == PUBLISHED).prepare(of)
    expected = emd_similarity(of.query, of.gallery, of.candidates, eps=EPS, stop=Official()).similarity
    torch.testing.assert_close(run(slice(None)), expected, atol=1e-5, rtol=0)


def test_every_contender_that_converges_gives_the_converged_score() -> None:
    of = task()
    converged = emd_similarity(of.query, of.gallery, of.candidates, eps=EPS, stop=Converged(1e-6, 20000)).similarity
    compared = [each for each in contenders() if each.name not in (PUBLISHED, EXACT) and "products" not in each.name]
    for contender in compared:
        rows = slice(2, 7)
        torch.testing.assert_close(contender.prepare(of)(rows).float(), converged[rows], atol=4e-3, rtol=0)
