"""What ``--help`` prints of a folder of configs."""

from pathlib import Path

import pytest

from tests.cli.made_configs import never, run_main


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_flags_groups_settings_and_examples(
    config_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run_main("evaluate", never, "Rank a gallery.", [flag, "nonsense"], config_dir) == 0
    assert capsys.readouterr().out == (
        """\
usage: python evaluate.py [--rerank | --no-rerank | --help] [--config-dir DIR] [KEY=VALUE ...]

Rank a gallery.

Flags:
  --rerank          insist on re-ranking: refuse to run with rerank=none
  --no-rerank       first-stage ranking only, the same as rerank=none
  --config-dir DIR  a folder of your own GROUP/CHOICE.yaml files, which come before those of fdemd
  -h                the same as --help
  --help            print this text, or with GROUP=CHOICE the settings of that choice

Groups, set with GROUP=CHOICE (* marks the default):
  experiment  (none by default)
      quick  A fast look.
  logger  (not used unless added: +logger=CHOICE)
      csv  A table of the losses.
  model
    * arcface  ArcFace, 512 numbers a face.
      dlib     dlib's metric network.
  query  (one, or several: query=[A,B])
    * clean  As they are.
      crop   A part of the face.
    * mask   Face masks.
  rerank
    * emd   Earth Mover's Distance.
      none  First stage only.

Settings and their defaults, set with KEY=VALUE:
  seed       7
  output     outputs
  limit      null
  protocols  [strict,loose]

A choice has settings of its own: python evaluate.py GROUP=CHOICE --help prints them. Set them with
GROUP.KEY=VALUE, or KEY=VALUE if no other has KEY.
Values separated by commas (A,B) are run one after the other; a list ([A,B]) is one value.

Examples:
  python evaluate.py
  python evaluate.py model=dlib
  python evaluate.py "query=[clean,crop]"
  python evaluate.py query=clean,crop
  python evaluate.py --no-rerank

All settings, a commented line each, are in
"""
        + f"  {config_dir}\n"
    )


def test_help_marks_required_settings_and_fits_a_narrow_terminal(
    config_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    run_main("train", never, "Train a network. " * 5, ["--help"], config_dir)
    out = capsys.readouterr().out
    assert "  root  (required)" in out
    assert "  python train.py root=ROOT model=dlib" in out
    assert "rerank=none" not in out
    assert all(len(line) < 60 for line in out.split("Groups")[0].splitlines())
