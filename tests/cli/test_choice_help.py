"""What ``GROUP=CHOICE --help`` prints: the settings of that choice."""

import sys
from pathlib import Path

import pytest

from fdemd.cli.command_line import CONFIG_DIR, main
from tests.cli.made_configs import never, run_main
from tests.plugins import write_package


def test_a_choice_tells_its_file_its_keys_and_its_settings(
    config_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main("evaluate", never, "Rank.", ["rerank=emd", "--help"], config_dir) == 0
    assert capsys.readouterr().out == (
        f"# rerank=emd: {config_dir}/rerank/emd.yaml\n# Set with rerank.KEY=VALUE.\n\n"
        "# Earth Mover's Distance.\nkind: emd\nalpha: 0.7\nlearned: false\n"
    )


@pytest.mark.parametrize("word", ["query=[mask,crop]", "query=mask,crop"])
def test_several_choices_are_told_one_after_the_other(
    config_dir: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    run_main("evaluate", never, "Rank.", ["-h", word, "rerank.alpha=1"], config_dir)
    out = capsys.readouterr().out
    assert out.count("# Set with query.KEY=VALUE.") == 2
    assert "mask:\n  share: 0.5\n" in out
    assert "crop:\n  share: 0.7\n" in out


def test_settings_with_full_keys_are_set_by_these(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_main("evaluate", never, "Rank.", ["experiment=quick", "--help"], config_dir)
    assert "# Set with KEY=VALUE.\n" in capsys.readouterr().out


def test_an_unknown_choice_is_told(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("evaluate", never, "Rank.", ["rerank=emt", "--help"], config_dir) == 2
    assert "unknown rerank 'emt' (did you mean emd?)" in capsys.readouterr().err


def test_a_plug_in_tells_the_settings_of_its_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = "class Net:\n    def __init__(self, *, width: int = 64, checkpoint: str): pass\n"
    monkeypatch.syspath_prepend(write_package(tmp_path, module, {"backbones": {"net": "Net"}}))
    monkeypatch.delitem(sys.modules, "plugged_in", raising=False)
    assert main("evaluate", never, "Rank.", ["model=net", "--help"], CONFIG_DIR) == 0
    assert capsys.readouterr().out == (
        "# model=net: the plug-in plugged_in:Net\n# Set with model.KEY=VALUE.\n\nwidth: 64\ncheckpoint: ???\n"
    )
