"""The task of the paper beside the published algorithm's time."""

from fdemd.bench.emd_task import measure_task
from tests.bench.made_tasks import made_up


def test_the_whole_task_is_told_beside_the_published_time() -> None:
    found = measure_task(made_up(), k=5)
    assert (found.queries, found.k, found.published_queries, found.unfinished) == (12, 5, 12, 0)
    assert min(found.seconds, found.published_seconds) > 0
