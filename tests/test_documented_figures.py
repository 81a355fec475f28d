"""Figures in the documentation are those of runs whose results are kept beside them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fdemd.retrieval.protocol import LEAVE_ONE_OUT, LEAVE_TWIN_OUT
from fdemd.scoring.closed_set import STAGE_1

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).resolve().parents[1]
SPREAD = re.compile(r"\d+\.\d+ \+- \d+\.\d+")


@pytest.mark.parametrize("page", ["scaleface.md", "otface.md"])
def test_every_mean_with_its_deviation_is_in_the_results(page: str) -> None:
    shown = SPREAD.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    measured = set(SPREAD.findall((ROOT / "results" / "seeds.md").read_text(encoding="utf-8")))
    assert shown
    assert [each for each in shown if each not in measured] == []


SECOND_STAGES = {
    "FaceNet (the paper's), alpha 0.7": ("facenet", "raw", "apc", 0.7),
    "FaceNet, alpha auto": ("facenet", "raw", "apc", "auto"),
    "dlib, alpha 0.7": ("dlib", "raw", "apc", 0.7),
    "dlib, alpha auto": ("dlib", "raw", "apc", "auto"),
    "MobileFaceNet, alpha 0.7": ("mobilefacenet", "raw", "apc", 0.7),
    "MobileFaceNet, alpha auto": ("mobilefacenet", "raw", "apc", "auto"),
    "SFace, alpha 0.7": ("sface", "raw", "apc", 0.7),
    "SFace, projected patches, norm, auto": ("sface", "projected", "norm", "auto"),
    "w600k_mbf, alpha 0.7": ("w600k_mbf", "raw", "apc", 0.7),
    "w600k_mbf, projected patches, norm, auto": ("w600k_mbf", "projected", "norm", "auto"),
}


def read(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "results" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("label", SECOND_STAGES)
def test_the_table_of_networks_shows_figures_of_the_results(label: str) -> None:
    network, *second = SECOND_STAGES[label]
    rows = [row for row in read(f"lfw_{network}")["results"] if row["protocol"] in (LEAVE_ONE_OUT, LEAVE_TWIN_OUT)]
    before = {row["query"]: row["P@1"] for row in rows if row["method"] == STAGE_1}
    after = {row["query"]: row["P@1"] for row in rows if [row["patches"], row["weighting"], row["alpha"]] == second}
    cells = [f"{before[kind]:.1f} -> {after[kind]:.1f}" for kind in ("clean", "mask", "sunglass", "crop", "rotate")]
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8").replace("**", "")
    assert f"| {label} | {' | '.join(cells)} |" in page


def test_all_results_of_a_network_are_of_the_same_faces_and_weights() -> None:
    """Faces prepared in another way move P@1 by half a point, which nobody would see in a table."""
    measured = {each["network"]: each for each in read("auto_alpha")["measured on"] if each["data"] == "LFW"}
    assert len(measured) == 4
    for network, rule in measured.items():
        for file in sorted((ROOT / "results").glob(f"*_{network}.json")):
            (point,) = read(file.stem)["points"]
            assert {name: point[name] for name in ("data_sha256", "weights_sha256")}.items() <= rule.items()
