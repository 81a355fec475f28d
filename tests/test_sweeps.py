"""The committed sweep files: W&B takes them, and every command that an agent would run is a valid one."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args, load_sweep_config

import sweeps
from fdemd.cli import CONFIG_DIR, plan

FILES = sorted((CONFIG_DIR.parent / "sweeps").glob("*.yaml"))


def value_of(parameter: dict[str, Any], end: str) -> Any:
    """An extreme value of a parameter: its ``first`` or its ``last``."""
    if "values" in parameter:
        return parameter["values"][0 if end == "first" else -1]
    return parameter["min" if end == "first" else "max"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_wandb_finds_nothing_wrong(path: Path) -> None:
    config = load_sweep_config(str(path))
    assert sweeps.schema_violations_from_proposed_config(config) == []
    random.seed(0)
    assert sweeps.next_run(config, []).config.keys() == config["parameters"].keys()


def test_the_check_sees_a_mistake() -> None:
    assert sweeps.schema_violations_from_proposed_config({"method": "bayesian", "parameters": {"a": {"min": 1}}})


@pytest.mark.skipif(not (CONFIG_DIR / "train.yaml").is_file(), reason="there is no train.py yet")
@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_agents_commands_are_valid(path: Path, end: str) -> None:
    config = yaml.safe_load(path.read_text())
    parameters = {name: {"value": value_of(parameter, end)} for name, parameter in config["parameters"].items()}
    arguments = create_sweep_command_args({"args": parameters})
    command = create_sweep_command(config["command"])
    words = [
        word
        for part in command
        if part not in ("${env}", "${interpreter}", "${program}")
        for word in (arguments["args_no_hyphens"] if part == "${args_no_hyphens}" else [part])
    ]
    assert (CONFIG_DIR.parent / config["program"]).is_file()
    (point,) = plan(Path(config["program"]).stem, words, CONFIG_DIR)
    assert point.config["logger"]["kind"] == "wandb"
