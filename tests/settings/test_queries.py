"""Section ``query``: kinds keep the order given; an impossible setting is refused in a sentence that names it."""

import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.settings.queries import AdversarialQuery, CropQuery, check_queries


@pytest.mark.parametrize("kinds", [["crop", "mask"], ["mask", "crop"], ["rotate", "clean", "blur", "sunglass"]])
def test_kinds_keep_the_order_given(kinds: list[str]) -> None:
    settings = plan("evaluate", [f"query=[{','.join(kinds)}]"])[0].settings
    assert list(settings.query) == kinds
    assert list(settings.plain()["query"]) == kinds


def test_each_kind_has_settings_of_its_own_type() -> None:
    settings = plan("evaluate", ["query=[crop]", "side=0.5"])[0].settings
    assert settings.query == {"crop": CropQuery(side=0.5)}
    assert settings.plain()["query"] == {"crop": {"side": 0.5}}


@pytest.mark.parametrize(
    ("kind", "settings", "complaint"),
    [
        ("no_such_kind", {}, "Unknown query kind 'no_such_kind'; choose one of adversarial, blur, clean, crop"),
        ("mask", {"kinds": ["paper"]}, r"query\.mask\.kinds\[0\] 'paper'"),
        ("mask", {"kinds": []}, "choose one kind of mask or more"),
        ("sunglass", {"styles": ["monocle"]}, "monocle"),
        ("crop", {}, r"query\.crop\.side must be set"),
        ("crop", {"side": 0}, r"query\.crop\.side is 0;"),
        ("crop", {"side": 1.5}, r"query\.crop\.side is 1\.5;"),
        ("crop", {"sides": 0.7, "side": 0.7}, r"no setting query\.crop\.sides"),
        ("rotate", {"degrees": [50, 10]}, r"query\.rotate\.degrees is \[50,10\]"),
        ("rotate", {"degrees": [5]}, r"query\.rotate\.degrees"),
        ("blur", {"sigma": [0.03, 0.01]}, r"query\.blur\.sigma"),
        ("blur", {"sigma": [0.0, 0.01]}, r"query\.blur\.sigma"),
        ("adversarial", {"attack": "pdg"}, r"Unknown query\.adversarial\.attack 'pdg' .did you mean pgd"),
        ("adversarial", {"goal": "hiding"}, r"Unknown query\.adversarial\.goal 'hiding'"),
        ("adversarial", {"budget": 0}, r"query\.adversarial\.budget is 0"),
        ("adversarial", {"budget": 0.5}, r"query\.adversarial\.budget takes a whole number, not '0\.5'"),
        ("adversarial", {"budget": 256}, r"query\.adversarial\.budget is 256"),
        ("adversarial", {"steps": 0}, r"query\.adversarial\.steps is 0"),
        ("adversarial", {"step_size": 0.0}, r"query\.adversarial\.step_size is 0\.0"),
        ("adversarial", {"momentum": -1.0}, r"query\.adversarial\.momentum is -1\.0"),
        ("adversarial", {"model": "dlibb"}, r"query\.adversarial\.model\.backbone 'dlibb' .did you mean dlib"),
        ("adversarial", {"model": {"checkpoint": "x"}}, "it must say its backbone"),
    ],
)
def test_impossible_settings_are_refused(kind: str, settings: dict, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        check_queries({"clean": {}, kind: settings})


def test_settings_that_an_attack_does_not_have_do_not_count() -> None:
    def key(**settings: object) -> tuple:
        return AdversarialQuery(**settings).key

    assert key(attack="fgsm", steps=3, momentum=0.5) == key(attack="fgsm") == ("fgsm", 8)
    assert key(attack="pgd", momentum=0.5) == key(attack="pgd") == ("pgd", 8, 10, 2.0)
    assert key(attack="pgd", step_size=2.0) == key(), "2.5 * 8 / 10 is the step that pgd takes by itself"
    assert key(attack="mi_fgsm") == ("mi_fgsm", 8, 10, 0.8, 1.0)
    assert key(attack="mi_fgsm", momentum=0.5) != key(attack="mi_fgsm")
