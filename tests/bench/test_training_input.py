"""The benchmark of the training input: every start loads what is left of the epoch."""

import json
from pathlib import Path

import pytest

from fdemd.bench.__main__ import main
from fdemd.bench.training import SETTINGS
from fdemd.bench.training_input import _NETWORK, _load
from fdemd.bench.training_input_making import make_folders


def test_a_start_in_mid_epoch_loads_the_other_half(tmp_path: Path) -> None:
    manifest = make_folders(tmp_path / "set", 100)
    words = [*SETTINGS, *_NETWORK, "data=manifest", f"data.manifest='{manifest}'", f"data.cache='{tmp_path / 'cache'}'"]
    words += ["data.mask_share=0", "data.batch_size=10", "data.num_workers=0"]
    first, resumed = (_load("start", words, done) for done in (0.0, 0.5))
    assert (first.images, resumed.images) == (100, 50)
    assert first.images_per_second > 0
    assert len(first.memory) > 5
    assert resumed.seconds_to_check < first.seconds_to_check, "nothing is aligned again"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["folders", "records"])
def test_the_command_prints_a_table_and_writes_the_figures(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["input", "--images", "1000", "--form", form, "--workers", "1", "--json", str(tmp_path / "i.json")]
    assert main([*words, "--folder", str(tmp_path / "made")]) == 0
    assert f"1,000 images as {form}" in " ".join(capsys.readouterr().out.split())
    found = json.loads((tmp_path / "i.json").read_text())
    assert [each["start"] for each in found["starts"]] == ["nothing aligned", "all aligned", "resumed in mid-epoch"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--images", "999"], "--images is 999"),
        (["--workers", "-1"], "--workers must be 0"),
        (["--json", "nowhere/a.json"], "--json nowhere/a.json"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["input", *options]) == 2
    assert sentence in capsys.readouterr().err
