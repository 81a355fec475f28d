import pytest

from fdemd.runs import steady_progress
from fdemd.runs.pairs_progress import pairs_progress


def test_pairs_are_counted_in_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(steady_progress, "EVERY", 0)
    with pairs_progress(100) as advance:
        advance(40)
    assert capsys.readouterr().err.startswith("Re-ranking pairs: 40 of 100 (40 %)")


def test_without_re_ranking_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steady_progress, "EVERY", 0)
    with pairs_progress(None, shown=False) as advance:
        advance(40)
    assert capsys.readouterr().err == ""
