"""From the words of a command line to the settings of each run."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.made_configs import configs_of, never, run_main


def test_defaults_arrive_as_plain_containers(config_dir: Path) -> None:
    (config,) = configs_of(config_dir, "")
    assert config == {
        "seed": 7,
        "model": {"kind": "arcface", "size": 112},
        "query": {"clean": {}, "mask": {"share": 0.5}},
        "rerank": {"kind": "emd", "alpha": 0.7, "learned": False},
        "output": "outputs",
        "limit": None,
        "protocols": ["strict", "loose"],
    }
    assert type(config["model"]) is dict
    assert type(config["protocols"]) is list


@pytest.mark.parametrize(
    ("line", "section", "expected"),
    [
        ("rerank.alpha=0.5", "rerank", {"kind": "emd", "alpha": 0.5, "learned": False}),
        ("alpha=0.5", "rerank", {"kind": "emd", "alpha": 0.5, "learned": False}),
        ("alpha=1", "rerank", {"kind": "emd", "alpha": 1, "learned": False}),
        ("model=dlib output=here", "model", {"kind": "dlib", "checkpoint": "here/dlib.dat"}),
        ("+logger=csv", "logger", {"kind": "csv"}),
        ("--no-rerank", "rerank", {"kind": "none"}),
        ("--rerank", "rerank", {"kind": "emd", "alpha": 0.7, "learned": False}),
        ("experiment=quick", "rerank", {"kind": "none"}),
        ("experiment=quick rerank=emd --rerank", "seed", 1),
        ("experiment=null", "seed", 7),
        ("limit=many", "limit", "many"),
        ("protocols=[loose]", "protocols", ["loose"]),
        ("output=2024", "output", "2024"),
        ("""'output="/data/faces (1)"'""", "output", "/data/faces (1)"),
    ],
)
def test_what_an_argument_changes(config_dir: Path, line: str, section: str, expected: object) -> None:
    (config,) = configs_of(config_dir, line)
    assert config[section] == expected


@pytest.mark.parametrize(
    ("line", "queries"),
    [("query=crop", ["crop"]), ("query=[crop]", ["crop"]), ("query=[mask,crop]", ["mask", "crop"])],
)
def test_a_choice_replaces_the_whole_list_of_a_group_that_takes_several(
    config_dir: Path, line: str, queries: list[str]
) -> None:
    (config,) = configs_of(config_dir, line)
    assert list(config["query"]) == queries


@pytest.mark.parametrize(
    "path",
    [
        "/photos/José (2)",
        "/photos/it's",
        '/photos/the "good" ones',
        "/photos/#1 & more",
        "/photos/a=b",
        "~/photos",
        "/photos/[old]",
        "[old]",
        "{a: b}",
        "/photos/ñandú",
        "/photos/a\\b",
        "/photos/${HOME} (1)",
        "/photos/100%",
        "a: b",
        "/photos/x;y|z!",
        "/photos/(1",
        "/photos/\U0001f600",
        "12",
        "1e5",
    ],
)
def test_a_path_is_taken_as_it_was_typed(config_dir: Path, path: str) -> None:
    (config,) = configs_of(config_dir, shlex.quote(f"output={path}"))
    assert config["output"] == path


def test_a_path_with_a_comma_is_no_sweep_if_it_is_there(config_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Smith, John"
    assert len(configs_of(config_dir, shlex.quote(f"output={folder}"))) == 2
    folder.mkdir()
    (config,) = configs_of(config_dir, shlex.quote(f"output={folder}"))
    assert config["output"] == str(folder)


def test_a_sweep_over_a_group_by_pattern(config_dir: Path) -> None:
    assert [config["model"]["kind"] for config in configs_of(config_dir, "model=glob(*)")] == ["arcface", "dlib"]


def test_a_mandatory_value_left_unset_is_named(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("train", never, "Train.", [], config_dir) == 2
    assert capsys.readouterr().err == "train: root must be set; add root=VALUE.\n"
    assert run_main("train", lambda config: None, "Train.", ["root=faces"], config_dir) == 0


def test_the_command_line_does_not_import_torch() -> None:
    script = "import sys, fdemd.cli.overrides; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
