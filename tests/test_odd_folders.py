"""``evaluate.py`` on folders as they come: odd names, hidden copies, the same picture twice; nothing is lost."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., tuple[int, str, Path]]


def test_a_folder_as_it_comes(people: Path, run_evaluate: Run) -> None:
    shutil.copytree(people / "s1", people / "s1" / ".ipynb_checkpoints")
    shutil.copytree(people / "s2", people / "@eaDir")
    (people / "s3").rename(people / os.fsdecode(b"s\xff3\r\\n"))
    (people / "s4").rename(people / " =s4")
    shutil.copy(people / "s5" / "1.pgm", people / "s5" / "the same.pgm")

    status, printed, folder = run_evaluate("--no-rerank", "data=folder", f"data.root={people}", "query=clean")

    assert status == 0, printed
    data = json.loads((folder / "results.json").read_text(encoding="utf-8"))["data"]
    assert (data["photographs"], data["people"], data["ignored"], data["copies"]) == (21, 5, 2, 1)
    assert "1 are the same picture as another of the person" in " ".join(printed.split())
    with (folder / "left_out.csv").open(newline="", encoding="utf-8") as file:
        rows = [(path, problem) for path, problem, _ in list(csv.reader(file))[1:]]
    assert rows == [("'@eaDir", "ignored"), ("s1/.ipynb_checkpoints", "ignored"), ("s5/the same.pgm", "twin")]
