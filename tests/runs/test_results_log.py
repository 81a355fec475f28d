"""What evaluate.py shows on a dashboard: the figures of its files under names that sort well."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fdemd.runs.results_log import log_results
from tests.runs.conftest import RunLogs

ROWS = [
    {"protocol": "official", "query": "mask", "stage": "stage 2", "P@1": 99.2, "P@1 low": 98.0, "queries": 400},
    {"protocol": "official", "query": "crop", "stage": "stage 2", "P@1": None, "P@1 low": None, "queries": 0},
]


@pytest.mark.parametrize("log_images", [False, True])
def test_figures_table_facts_and_only_if_asked_the_picture(
    run_log: RunLogs, offline_runs, tmp_path: Path, log_images: bool
) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"data": {"name": "orl", "people": 40}, "results": ROWS}))
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "picture.png")
    with run_log(tmp_path, "evaluate", offline=True, log_images=log_images) as log:
        log_results(log)
    (run,) = offline_runs(tmp_path)
    figures = {name: value for name, value in run.summary.items() if isinstance(value, float)}
    assert figures.pop("_timestamp") > 0
    assert figures == {"mask/official/stage2/P@1": 99.2}
    assert run.config["facts"]["data"]["people"] == 40
    assert "acknowledgement" in run.config["facts"]["data"]["terms"]
    assert ("picture/count" in run.summary) == log_images
    (table,) = tmp_path.glob("wandb/offline-*/files/" + run.summary["results/path"])
    assert json.loads(table.read_text())["data"] == [list(row.values()) for row in ROWS]


def test_verification_is_named_by_its_similarity(run_log: RunLogs, offline_runs, tmp_path: Path) -> None:
    rows = [{"similarity": "cosine, mirrored", "accuracy": 99.12, "sd": 0.36, "TAR@1e-3": 94.8}]
    (tmp_path / "results.json").write_text(json.dumps({"data": {"name": "lfw_pairs"}, "results": rows}))
    with run_log(tmp_path, "evaluate", offline=True) as log:
        log_results(log)
    (run,) = offline_runs(tmp_path)
    assert run.summary["cosine,mirrored/accuracy"] == 99.12
    assert run.summary["cosine,mirrored/TAR@1e-3"] == 94.8
