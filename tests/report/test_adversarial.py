from fdemd.report.adversarial import attack_note
from fdemd.scoring.attack import AttackOutcome


def test_dodging_imitates_nobody() -> None:
    assert attack_note(AttackOutcome("pgd", "dlib", "dodging"), "official") == "pgd on dlib, dodging."


def test_impersonation_tells_how_often_it_succeeds_under_the_protocol() -> None:
    imitated = {"official": {"stage 1": 0.5, "stage 2": 0.25}, "leave-twin-out": {"stage 1": 1.0}}
    note = attack_note(AttackOutcome("pgd", "dlib", "impersonation", imitated), "official")
    assert note.endswith("the person they imitate: 50.0 % after stage 1, 25.0 % after stage 2.")
