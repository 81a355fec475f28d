from fdemd.backbones.convnet import RANDOM
from fdemd.report.notes import division_note, engine_notes, joined, legacy_notes, pair_notes, weights_notes


def test_nothing_is_said_where_all_is_as_usual() -> None:
    assert weights_notes("0" * 64) == legacy_notes(False) == engine_notes("") == []
    assert pair_notes("mask", unfinished=0, fallbacks=0) == []


def test_what_is_not_as_usual_is_said() -> None:
    assert "untrained" in weights_notes(RANDOM)[0]
    assert "legacy" in legacy_notes(True)[0]
    assert engine_notes("no compiler") == ["Re-ranking was several times slower than it can be: no compiler."]
    assert pair_notes("mask", unfinished=3, fallbacks=2) == [
        "mask: 3 pairs stopped before they had converged.",
        "mask: 2 pairs had no positive weight and took uniform ones.",
    ]


def test_a_division_of_people_in_words() -> None:
    counts = {"photographs": 10, "to_train_on": 6, "to_test": 3, "in_neither_part": 1}
    assert division_note(counts) == "10 photographs: 6 to train on, 3 to test, 1 in neither part."


def test_names_are_listed_once() -> None:
    assert joined(["orl", "lfw", "orl"]) == "orl, lfw"
