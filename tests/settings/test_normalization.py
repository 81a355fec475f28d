"""Section ``align``: its defaults, and every impossible setting refused in a sentence that names it."""

import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.settings.normalization import CAP, RELATIVE, NoNormalization, ScoreNormalization, SupportRule


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("strength=-0.1", "align.strength is -0.1; it must be 0 .cosine. or more"),
        ("align=snorm strength=1.5", "align.strength is 1.5; it must be between 0"),
        ("support=virtuel", "did you mean virtual"),
        ("generator=gan", "choose one of interpolated, perturbed"),
        ("virtual=0", "align.virtual is 0"),
        ("align.people=-1", "align.people is -1"),
        ("align.people=0", "There is no cohort"),
        ("align.root=here", "align.root is the folder of align.manifest"),
        ("estimator=file", "align.estimator is for align.support=learned"),
        ("align=snorm support=learned", "align=snorm takes no align.support=learned"),
        ("align=snorm size=1", "raise align.size"),
        ("align=snorm rule=cap least=1", "raise align.least"),
        ("rule=topp", "did you mean topk"),
        ("size=0", "align.size is 0"),
        ("tau=1.5", "align.tau is 1.5"),
        ("delta=-0.1", "align.delta is -0.1"),
        ("least=0", "align.least is 0"),
        ("least=6 most=5", "align.least is 6 and align.most 5"),
    ],
)
def test_impossible_settings_are_refused(words: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        plan("evaluate", ["align=ida", *words.split()] if "align=snorm" not in words else words.split())


@pytest.mark.parametrize("choice", ["ida", "snorm"])
def test_the_defaults_of_the_command_line_are_those_of_python(choice: str) -> None:
    assert plan("evaluate", [f"align={choice}"])[0].settings.align == ScoreNormalization(method=choice)


def test_none_has_no_settings() -> None:
    assert plan("evaluate", [])[0].settings.align == NoNormalization(method="none")


def test_rules_in_words() -> None:
    assert SupportRule().in_words == "the 30 nearest"
    assert SupportRule(rule=CAP).in_words == "the nearest with 0.5 or more (5 to 100)"
    assert SupportRule(rule=RELATIVE).in_words == "the nearest up to 0.1 below that to the nearest (5 to 100)"


def test_the_rule_has_the_settings_of_the_section() -> None:
    settings = ScoreNormalization(rule="cap", size=4, tau=0.25, delta=0.5, least=2, most=3)
    assert settings.support_rule == SupportRule(rule="cap", size=4, tau=0.25, delta=0.5, least=2, most=3)
    assert (settings.support_rule.smallest, settings.support_rule.largest) == (2, 3)
