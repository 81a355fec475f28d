"""The runs of a sweep in one table."""

from collections.abc import Callable

from fdemd.data.evaluated import EvaluatedData
from fdemd.report.identification import IdentificationReport
from fdemd.report.side_by_side import side_by_side
from fdemd.scoring.closed_set import Comparison
from fdemd.settings.jobs import Evaluate


def test_each_run_shows_what_the_second_stage_made_of_the_first(
    evaluation: Callable[..., Evaluate], data: EvaluatedData, compared: Callable[..., list[Comparison]]
) -> None:
    def run(kind: str, *words: str, rerank: bool = True) -> IdentificationReport:
        found = compared(kind, rerank=rerank)
        return IdentificationReport(evaluation(*words), data, found, [], "f" * 64, {}, {})

    labels = ["with", "without", "other queries"]
    (table,) = side_by_side(labels, [run("mask"), run("mask", "rerank=none", rerank=False), run("crop")])
    first, second = (compared()[0].figures[stage]["P@1"].mean for stage in ("stage 1", "stage 2"))
    both = f"{100 * first:.1f} -> {100 * second:.1f}"
    assert first != second
    assert table.title == "Side by side, protocol official" and "P@1" in table.notes[0]
    assert table.cells == [
        {"run": "with", "mask": both, "crop": ""},
        {"run": "without", "mask": f"{100 * first:.1f}", "crop": ""},
        {"run": "other queries", "mask": "", "crop": both},
    ]
