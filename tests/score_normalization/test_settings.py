"""Every impossible setting is refused in a sentence that names it."""

from pathlib import Path

import pytest

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.score_normalization.settings import AlignSettings, align_settings
from fdemd.score_normalization.support import SupportRule


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ({"strength": -0.1}, "align.strength is -0.1; it must be 0 .cosine. or more"),
        ({"strength": float("inf")}, "align.strength is inf"),
        ({"method": "snorm", "strength": 1.5}, "align.strength is 1.5; it must be between 0"),
        ({"support": "virtuel"}, "did you mean virtual"),
        ({"generator": "gan"}, "choose one of interpolated, perturbed"),
        ({"virtual": 0}, "align.virtual is 0"),
        ({"people": -1}, "align.people is -1"),
        ({"people": 0}, "There is no cohort"),
        ({"root": Path("here")}, "align.root is the folder of align.manifest"),
        ({"estimator": Path("file")}, "align.estimator is for align.support=learned"),
        ({"method": "snorm", "support": "learned"}, "align=snorm takes no align.support=learned"),
        ({"method": "snorm", "rule": SupportRule(size=1)}, "raise align.size"),
        ({"method": "snorm", "rule": SupportRule("cap", least=1)}, "raise align.least"),
    ],
)
def test_impossible_settings_are_refused(setting: dict, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        AlignSettings(**setting)


@pytest.mark.parametrize("choice", ["ida", "snorm"])
def test_the_defaults_of_the_command_line_are_those_of_python(choice: str) -> None:
    (point,) = plan("evaluate", [f"align={choice}"], CONFIG_DIR)
    assert align_settings(point.settings.plain()["align"]) == AlignSettings(method=choice)


def test_none_is_nothing() -> None:
    (point,) = plan("evaluate", [], CONFIG_DIR)
    assert align_settings(point.settings.plain()["align"]) is None
    with pytest.raises(InputError, match="did you mean ida"):
        align_settings({"method": "idaa"})
