"""The command line: what is asked for is checked before LFW is aligned."""

import json
from pathlib import Path

import pytest

from fdemd.repro import gallery
from fdemd.repro.gallery_page import estimator_table, gallery_page, rates_table, several_table
from tests.repro.test_gallery_page import facts

ROOT = Path(__file__).resolve().parents[2]


def test_a_network_or_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert gallery.main([*words, "--only", "sfase"]) == 2
    assert "there is no network sfase; the networks are dlib, sface" in capsys.readouterr().err
    assert gallery.main([*words[:2], "--weights", str(tmp_path / "nowhere"), *words[4:]]) == 2
    assert "give it with --weights DIR" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        gallery.main([*words, "--most", "0"])
    assert "0 is no number from 1 on" in capsys.readouterr().err


def test_figures_are_written_as_json_and_as_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(gallery, "prepare_lfw", lambda *given: asked.append(given[-1]))
    monkeypatch.setattr("fdemd.repro.gallery_run.measure_networks", lambda *given: (asked.append(given), facts())[1])
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert gallery.main([*words, "--only", "sface", "--kinds", "clean", "--most", "2", "--every", "3"]) == 0
    assert json.loads((tmp_path / "out/gallery.json").read_text())["networks"][0]["network"] == "sface"
    assert (tmp_path / "out/gallery.md").read_text() == gallery_page(facts())
    detector, (_, _, networks, kinds, *sizes) = asked
    assert (detector, [network.name for network in networks], kinds, sizes) == ("yunet", ["sface"], ["clean"], [2, 3])


@pytest.mark.checkout
def test_the_documentation_shows_figures_of_the_json_alone() -> None:
    found = json.loads((ROOT / "results/gallery.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs/thresholds.md").read_text(encoding="utf-8")
    for network in found["networks"]:
        tables = [
            rates_table(network["rows"]),
            estimator_table(network["estimator"]),
            several_table(network["several"]),
        ]
        assert all(line in text for table in tables for line in table)
    assert gallery_page(found) == (ROOT / "results/gallery.md").read_text(encoding="utf-8")
