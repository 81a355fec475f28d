"""Heat maps and lines: the right cells, and no division by zero (spec 1.13)."""

from fdemd.emd.contributions import Match
from fdemd.report.explanation_picture import line_ends


def test_a_line_goes_from_the_query_cell_to_the_gallery_cell() -> None:
    ends = line_ends(Match(query=5, gallery=2, flow=1.0, cosine=1.0), (2, 3), (40, 60), shift=100)
    assert ends == ((50, 30), (150, 10))
