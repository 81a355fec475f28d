"""What a training says of its photographs adds up to the rows of its manifests."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.short_training import train


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("held_out", [0, 2])
def test_only_photographs_with_a_face_count_as_trained_on(
    held_out: int,
    settings: list[str],
    people: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for person in sorted(people.iterdir()):  # everyone has a photograph without a face
        cv2.imwrite(str(person / "1.pgm"), np.full((112, 92), 128, np.uint8))
    words = [*settings, f"data.root='{people}'", f"validation.people={held_out}", "trainer.max_steps=1"]
    done = train(*words)
    facts = json.loads((done.folder / "results.json").read_text())["data"]
    parts = [facts, *([facts["held_out"]] if held_out else [])]
    for part, persons in zip(parts, (5 - held_out, held_out), strict=False):
        assert part["photographs"] == 3 * persons
        assert part["left_out"] == persons
        assert part["people"] == persons
        assert part["photographs"] + part["left_out"] == part["rows"] == 4 * persons
    assert sum(part["rows"] for part in parts) == 20
    assert len((done.folder / "left_out.csv").read_text().splitlines()) == 1 + sum(part["left_out"] for part in parts)
    printed = " ".join(capsys.readouterr().out.split())
    given = 4 * (5 - held_out)
    assert (
        f"Trained on {given * 3 // 4} photographs of {5 - held_out} people ({given // 4} of {given} gave no face)."
        in printed
    )
    assert f"Trained on {given} photographs" not in printed
