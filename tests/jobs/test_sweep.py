"""The committed sweep file: W&B takes it, and every command that an agent would run is a valid one."""

from typing import Any

import pytest
import sweeps
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args, load_sweep_config

from fdemd.cli.command_line import CONFIG_DIR, plan

pytestmark = pytest.mark.checkout

ROOT = CONFIG_DIR.parent


@pytest.fixture
def config() -> dict[str, Any]:
    return load_sweep_config(str(ROOT / "sweep.yaml"))


def words_of(config: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """What an agent writes behind ``python train.py``."""
    arguments = create_sweep_command_args({"args": {name: {"value": value} for name, value in values.items()}})
    words: list[str] = []
    for part in create_sweep_command(config["command"]):
        words += arguments["args_no_hyphens"] if part == "${args_no_hyphens}" else [part]
    return words[words.index("${program}") + 1 :]


def test_wandb_finds_nothing_wrong(config: dict[str, Any]) -> None:
    assert sweeps.schema_violations_from_proposed_config(config) == []
    assert sweeps.next_run(config, []).config.keys() == config["parameters"].keys()


def test_the_check_sees_a_mistake() -> None:
    assert sweeps.schema_violations_from_proposed_config({"method": "bayesian", "parameters": {"a": {"min": 1}}})


@pytest.mark.parametrize("end", [0, -1], ids=["smallest", "largest"])
def test_the_agents_commands_are_valid(config: dict[str, Any], end: int) -> None:
    bounds = {
        name: parameter.get("values", [parameter.get("min"), parameter.get("max")])
        for name, parameter in config["parameters"].items()
    }
    (point,) = plan("train", words_of(config, {name: ends[end] for name, ends in bounds.items()}), CONFIG_DIR)
    assert config["program"] == "train.py"
    assert point.settings.plain()["optimizer"]["lr"] == config["parameters"]["optimizer.lr"]["max" if end else "min"]
