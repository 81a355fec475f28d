"""Which logger is chosen and said, what it leaves in the run's folder, and that it is always closed."""

import csv
import json
import shlex
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import wandb
from PIL import Image
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import WandbLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.runs.loggers import RunLog
from fdemd.settings.running import Logger
from tests.runs.conftest import RunLogs

KEY = "0123456789" * 4

KINDS = set(get_args(Logger.model_fields["kind"].annotation))


def log_something(log: RunLog) -> None:
    """One of everything."""
    picture = log.folder / "faces.png"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(picture)
    log.facts({"card": {"people": 40}})
    log.metrics({"validation/MAP@R": 12.5}, step=3)
    log.table("best five", ["query", "1"], [["a/1.png", "a right 0.9"]], step=3)
    log.picture("faces", picture, step=3)


def test_every_kind_has_its_config_and_every_config_its_kind() -> None:
    assert {path.stem for path in (CONFIG_DIR / "logger").glob("*.yaml")} == KINDS
    for kind in KINDS:
        (point,) = plan("evaluate", [f"logger={kind}"], CONFIG_DIR)
        assert point.settings.plain()["logger"]["kind"] == kind


def test_no_setting_takes_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    (point,) = plan("evaluate", ["logger=wandb"], CONFIG_DIR)
    assert point.settings.plain()["logger"]["project"] == "mine"
    assert KEY not in json.dumps(point.settings.plain())
    with pytest.raises(InputError, match="logger has the keys"):
        plan("evaluate", [f"logger.api_key={KEY}"], CONFIG_DIR)


def test_offline_runs_hold_everything_but_pictures(
    run_log: RunLogs,
    offline_runs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_MODE", "offline")
    with run_log(tmp_path, "train", kind="auto", tags=["mask"], group="g") as log:
        log_something(log)
    (run,) = offline_runs(tmp_path)
    assert run.config["data"] == {"name": "orl"}
    assert run.config["card"] == {"people": 40}
    assert run.summary["validation/MAP@R"] == 12.5
    assert run.history[0]["trainer/global_step"] == 3
    (table,) = tmp_path.glob("wandb/offline-*/files/" + run.summary["best five/path"])
    assert json.loads(table.read_text())["data"] == [["a/1.png", "a right 0.9"]]
    assert "faces/path" not in run.summary
    assert not list(tmp_path.glob("wandb/**/*.png"))
    assert run.exit_code == 0
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), f"the key is in {file}"
    said = capsys.readouterr()
    assert "WANDB_MODE is offline" in said.out
    assert "wandb" not in said.err, "W&B and Lightning say nothing of their own"


def test_the_sync_command_that_is_told_names_the_run(
    run_log: RunLogs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "it's here"
    folder.mkdir()
    with run_log(folder, "train", offline=True) as log:
        log.metrics({"x": 1.0}, step=0)
    command = shlex.split(capsys.readouterr().out.partition("upload them with: ")[2])
    assert command[:2] == ["wandb", "sync"]
    assert len(list(Path("/").glob(command[2].lstrip("/")))) == 1


def test_pictures_are_logged_if_asked_for(run_log: RunLogs, offline_runs, tmp_path: Path) -> None:
    with run_log(tmp_path, "train", offline=True, log_images=True) as log:
        log_something(log)
    (run,) = offline_runs(tmp_path)
    assert run.summary["faces/_type"] == "images/separated"
    assert len(list(tmp_path.glob("wandb/offline-*/files/media/images/*.png"))) == 1


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "there is no W&B login"),
        ({"WANDB_API_KEY": KEY, "WANDB_BASE_URL": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_without_login_or_network_wandb_is_offline_and_says_why(
    run_log: RunLogs,
    offline_runs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    reason: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with run_log(tmp_path, "train") as log:
        log.metrics({"x": 1.0}, step=0)
    assert reason in capsys.readouterr().out
    assert len(offline_runs(tmp_path)) == 1


def test_auto_without_wandb_is_csv_for_training(
    run_log: RunLogs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_log(tmp_path, "train", kind="auto") as log:
        log_something(log)
    assert "as CSV, since there is no W&B login; change it with `wandb login`" in capsys.readouterr().out
    (row,) = csv.DictReader((tmp_path / "metrics.csv").open())
    assert (row["validation/MAP@R"], row["step"]) == ("12.5", "3")


def test_auto_without_wandb_adds_nothing_to_the_files_of_an_evaluation(
    run_log: RunLogs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_log(tmp_path, "evaluate", kind="auto") as log:
        assert log.loggers == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", ["auto", "wandb"])
def test_a_disabled_wandb_stays_out(
    run_log: RunLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    with run_log(tmp_path, "train", kind=kind) as log:
        log.metrics({"x": 1.0}, step=0)
    assert "since WANDB_MODE is disabled" in capsys.readouterr().out
    assert (tmp_path / "metrics.csv").exists()
    assert not (tmp_path / "wandb").exists()


def test_a_run_that_goes_on_in_its_folder_keeps_its_first_figures(run_log: RunLogs, tmp_path: Path) -> None:
    for value in (1.0, 2.0, 3.0):
        with run_log(tmp_path, "train", kind="csv") as log:
            log.metrics({"x": value}, step=0)
    rows = [next(csv.DictReader(path.open())) for path in sorted(tmp_path.rglob("metrics.csv"))]
    assert [row["x"] for row in rows] == ["1.0", "2.0", "3.0"]


def test_going_on_online_goes_on_with_the_same_run(
    run_log: RunLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is opened before the first figure, so this needs no server."""
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr("fdemd.runs.loggers.is_reachable", lambda: True)
    begun = tmp_path / "wandb" / "run-20260101_000000-abcd1234"
    begun.mkdir(parents=True)
    (begun / "run-abcd1234.wandb").touch()
    with run_log(tmp_path, "train") as log:
        (logger,) = log.loggers
        assert isinstance(logger, WandbLogger)
        assert logger.version == "abcd1234"


def test_tensorboard_holds_numbers_tables_and_pictures(run_log: RunLogs, tmp_path: Path) -> None:
    with run_log(tmp_path, "train", kind="tensorboard", log_images=True) as log:
        log_something(log)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("validation/MAP@R")] == [(3, 12.5)]
    (text,) = events.Tensors("best five/text_summary")
    assert b"| a/1.png | a right 0.9 |" in text.tensor_proto.string_val[0]
    assert len(events.Images("faces")) == 1


def test_tensorboard_that_is_not_installed(run_log: RunLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.runs.loggers.find_spec", lambda name: None)
    with (
        pytest.raises(InputError, match=r"pip install 'fdemd\[tensorboard\]'"),
        run_log(tmp_path, "train", kind="tensorboard"),
    ):
        pass


def test_an_unknown_kind() -> None:
    with pytest.raises(InputError, match="did you mean csv"):
        plan("evaluate", ["logger=csw"], CONFIG_DIR)


def test_every_training_of_a_process_is_a_run_of_its_own_closed_even_if_it_breaks(
    run_log: RunLogs, offline_runs, tiny_data, tiny_module, tmp_path: Path
) -> None:
    """A sweep of three points, of which the second breaks."""
    for point, fails_at in enumerate((-1, 2, -1)):
        folder = tmp_path / str(point)
        folder.mkdir()
        try:
            with run_log(folder, "train", offline=True) as log:
                trainer = Trainer(
                    logger=log.loggers,
                    accelerator="cpu",
                    max_epochs=1,
                    log_every_n_steps=1,
                    enable_checkpointing=False,
                    enable_progress_bar=False,
                    enable_model_summary=False,
                )
                trainer.fit(tiny_module(fails_at), tiny_data)
        except RuntimeError as error:
            assert str(error) == "the training broke"
        assert wandb.run is None
    runs = [offline_runs(tmp_path / str(point)) for point in range(3)]
    assert [len(each) for each in runs] == [1, 1, 1]
    assert [each[0].exit_code for each in runs] == [0, 1, 0]
    losses = [sum("train/loss" in line for line in each[0].history) for each in runs]
    assert losses == [4, 2, 4]


def test_a_mistake_before_the_first_figure_opens_no_run(run_log: RunLogs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="k is 0"), run_log(tmp_path, "train", offline=True):
        raise InputError("k is 0")
    assert not any(tmp_path.iterdir())


def test_a_run_that_wandb_refuses_is_a_sentence(
    run_log: RunLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**settings: Any) -> None:
        raise wandb.errors.AuthenticationError("the key is not valid")

    monkeypatch.setattr(wandb, "init", refuse)
    with (
        pytest.raises(InputError, match=r"did not take the run: the key is not valid. Log in with"),
        run_log(tmp_path, "train", offline=True) as log,
    ):
        log.metrics({"x": 1.0}, step=0)
