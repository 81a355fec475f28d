"""Candidates of the benchmark."""

from fdemd.bench.emd_faces import nearest
from tests.bench.made_tasks import made_up


def test_a_query_is_not_its_own_candidate() -> None:
    faces = made_up()
    found = nearest(faces.centre, slice(3, 6), 11)
    assert [sorted(row) for row in found.tolist()] == [[g for g in range(12) if g != q] for q in (3, 4, 5)]
