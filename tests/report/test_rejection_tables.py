"""Rejection over several seeds, as tables."""

from fdemd.report.rejection_tables import rejection_tables, spread_note
from fdemd.scoring.trial import Trial
from tests.report.rejections import rejection


def test_tables_show_every_measure() -> None:
    trials = [Trial(seed, rejections={"scales": rejection(share)}) for seed, share in enumerate((0.7, 0.9))]
    titles = [table.title for table in rejection_tables(trials)]
    assert titles == [
        "scales: P@1, stage 1 of what is left, by share rejected",
        "scales: P@1, stage 2 of what is left, by share rejected",
        "scales: TAR at FAR 0.01 of what is left, by share rejected",
        "scales: TAR at FAR 0.001 of what is left, by share rejected",
        "scales: mean scale",
        "scales: similarity of pairs",
        "scales: which queries to re-rank",
        "scales: templates",
    ]
    scales = rejection_tables(trials)[4]
    assert scales.cells[1] == {"query": "mask", "scale": "50.00 +- 0.00", "logit": "0.50 +- 0.00"}


def test_what_there_is_not_has_no_table_and_a_missing_norm_is_told() -> None:
    tables = rejection_tables([Trial(0, rejections={"scales": rejection(reranked=False, norm=False)})])
    assert not any("re-rank" in table.title for table in tables)
    assert "No feature norm" in tables[0].notes[1]
    assert tables[0].cells[0]["area"] == "80.0", "one seed has no deviation"
    assert (spread_note(1), spread_note(2)) == ("", ", mean +- standard deviation over seeds")
