"""Support sets against a literal version that sorts one face's cosines in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.score_normalization import support
from fdemd.score_normalization.support import support_of
from fdemd.settings.normalization import CAP, RELATIVE, TOPK, SupportRule


def literal(face: list[float], cohort: list[list[float]], rule: SupportRule) -> tuple[float, float, int]:
    """Mean, deviation and size of one face's support set."""

    def cosine(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True)) / math.hypot(*one) / math.hypot(*other)

    cosines = sorted((cosine(face, other) for other in cohort), reverse=True)
    if rule.rule == TOPK:
        wanted = rule.size
    else:
        limit = rule.tau if rule.rule == CAP else cosines[0] - rule.delta
        wanted = min(max(sum(value >= limit for value in cosines), rule.least), rule.most)
    taken = cosines[:wanted]
    mean = sum(taken) / len(taken)
    return mean, math.sqrt(sum((value - mean) ** 2 for value in taken) / len(taken)), len(taken)


rules = st.builds(
    SupportRule,
    rule=st.sampled_from([TOPK, CAP, RELATIVE]),
    size=st.integers(1, 12),
    tau=st.floats(-1, 1),
    delta=st.floats(0, 2),
    least=st.integers(1, 4),
    most=st.integers(4, 9),
)


@given(rules, st.integers(0, 6), st.integers(1, 15), st.integers(0, 999))
@settings(max_examples=80)
def test_support_sets_are_those_of_a_literal_version(rule: SupportRule, faces: int, others: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    face, cohort = (torch.randn(count, 5, generator=generator).double() for count in (faces, others))
    found = support_of(face, cohort, rule)
    expected = [literal(each, cohort.tolist(), rule) for each in face.tolist()]
    # A cosine at a limit may fall on either side of it in float32: then the sets differ by that face.
    for number, (mean, deviation, size) in enumerate(expected):
        if size == found.size[number]:
            assert found.mean[number].item() == pytest.approx(mean, abs=1e-5)
            assert found.deviation[number].item() == pytest.approx(deviation, abs=1e-4)
    assert sum(size != found.size[number] for number, (_, _, size) in enumerate(expected)) <= 1


@given(rules, st.integers(0, 999))
@settings(max_examples=30)
def test_a_persons_own_faces_play_no_part(rule: SupportRule, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    face, cohort = (torch.randn(count, 5, generator=generator) for count in (4, 12))
    person, cohort_person = torch.arange(4), torch.arange(12) % 5
    found = support_of(face, cohort, rule, person=person, cohort_person=cohort_person)
    for number in range(4):
        alone = support_of(face[number : number + 1], cohort[cohort_person != number], rule)
        assert found.size[number] == alone.size[0]
        assert found.mean[number].item() == pytest.approx(alone.mean.item(), abs=1e-6)


def test_faces_are_looked_at_in_blocks_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    face, cohort = torch.randn(7, 4).sign(), torch.randn(9, 4).sign()  # whose cosines are exact in float32
    whole = support_of(face, cohort, SupportRule(size=3))
    monkeypatch.setattr(support, "_FACES_AT_ONCE", 2)
    for one, other in zip(whole, support_of(face, cohort, SupportRule(size=3)), strict=True):
        assert torch.equal(one, other)


def test_the_length_of_embeddings_plays_no_part() -> None:
    face, cohort = torch.randn(3, 4), torch.randn(9, 4)
    torch.testing.assert_close(
        support_of(5 * face, 0.1 * cohort, SupportRule()).mean, support_of(face, cohort, SupportRule()).mean
    )
