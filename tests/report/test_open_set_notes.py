from collections.abc import Callable

import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.report.open_set_notes import open_set_notes
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.open_set import OpenSet, Searches
from fdemd.settings.jobs import Evaluate


def searches(unfinished: int = 0) -> Searches:
    rows = torch.arange(4)
    return Searches({STAGE_1: rows.double()}, rows // 2, 1, 0, unfinished, rows, {}, {})


def test_searches_are_counted_and_kinds_with_the_same_counts_stand_together(
    evaluation: Callable[..., Evaluate], data: EvaluatedData
) -> None:
    results = [OpenSet(kind, "official", searches(2), searches(), 5, {}) for kind in ("mask", "crop")]
    results.append(OpenSet("clean", LEAVE_ONE_OUT, searches(), searches(), 6, {}))
    notes = open_set_notes(
        evaluation("experiment=open_set", "open_set.outside=0.4"),
        results,
        account=data.account,
        gallery=(200, 20),
        outside=12,
        grid=(8, 8),
        weights_sha256="f" * 64,
        several_tables=True,
    )
    text = " ".join(notes)
    assert "N: 200 gallery faces of 20 people. Outside: 12 people (share 0.4" in text
    assert "mask, crop: 4 mated searches of 2 people (1 without a face found), 4 non-mated of 2 (1 without); 5" in text
    assert "Clean mated searches: leave-one-out." in notes
    assert "mask: 2 pairs stopped before they had converged." in notes
    assert sum(note.startswith("Stage 2") for note in notes) == 1
