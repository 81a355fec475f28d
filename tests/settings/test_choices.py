"""Names that settings may have are written down without torch; here they are held against the code that they choose."""

from typing import Any, get_args

import pytest

from fdemd.backbones import BACKBONES
from fdemd.backbones.timm import HEADS as TIMM_HEADS
from fdemd.embedding.batch import DTYPES
from fdemd.emd.engines import AUTO, FAST, REFERENCE
from fdemd.emd.sinkhorn import SMALLEST_EPS
from fdemd.emd.weighting import WEIGHTINGS
from fdemd.faces.alignment import TEMPLATES
from fdemd.faces.landmarks import DETECTORS
from fdemd.faces.occlusion.mask_kinds import MASK_KINDS
from fdemd.faces.occlusion.sunglasses import FRAME_CUTS
from fdemd.faces.queries import QUERY_KINDS
from fdemd.report.paper import paper_rows
from fdemd.retrieval.protocol import PROTOCOLS
from fdemd.score_normalization.virtual import GENERATORS
from fdemd.settings import comparing, faces, networks, normalization, queries, ranking
from fdemd.settings.section import Section


def choices(section: type[Section], field: str) -> set[Any]:
    """The names that a field may have."""
    return set(get_args(section.model_fields[field].annotation))


@pytest.mark.parametrize(
    ("written", "registered"),
    [
        (set(get_args(networks.Alignment)), TEMPLATES),
        (choices(networks.TimmNetwork, "head"), TIMM_HEADS),
        (set(get_args(queries.MaskKind)), MASK_KINDS),
        (set(get_args(queries.GlassesStyle)), FRAME_CUTS),
        (choices(faces.OrlData, "detector"), DETECTORS),
        (set(queries.QUERY_SECTIONS), {*QUERY_KINDS, queries.ADVERSARIAL}),
        (set(get_args(ranking.Protocol)), PROTOCOLS),
        (set(get_args(ranking.Precision)), DTYPES),
        (set(get_args(ranking.Weighting)), WEIGHTINGS),
        (choices(ranking.EmdRerank, "engine"), {AUTO, REFERENCE, *FAST}),
        (choices(normalization.ScoreNormalization, "generator"), GENERATORS),
    ],
)
def test_names_are_those_of_the_code(written: set[str], registered: Any) -> None:
    assert written == set(registered)


@pytest.mark.parametrize(
    ("union", "field", "registered"),
    [
        (networks.BuiltInNetwork, "backbone", set(BACKBONES)),
    ],
)
def test_every_alternative_has_a_section(union: Any, field: str, registered: set[str]) -> None:
    sections = get_args(get_args(union)[0])
    assert set().union(*(choices(section, field) for section in sections)) == registered


def test_the_smallest_eps_is_the_solver_s() -> None:
    assert ranking.SMALLEST_EPS == SMALLEST_EPS


def test_the_tables_of_the_paper_are_there() -> None:
    (names,) = (get_args(each) for each in get_args(comparing.Study.model_fields["paper"].annotation) if get_args(each))
    assert all(paper_rows(name) for name in names)
