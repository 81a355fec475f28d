"""The command line: what reaches ``run``, and the sentence that each mistake is answered with."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fdemd.cli.command_line import DefaultSweep, main, plan
from fdemd.errors import InputError
from fdemd.settings.section import Section
from tests.cli.made_configs import Evaluate, configs_of, never, run_main


def test_a_sweep_runs_the_product_in_order(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configs = configs_of(config_dir, "query=mask,[mask,crop] alpha=choice(0,0.5) output=2024 limit=range(1,2)")
    assert [(list(config["query"]), config["rerank"]["alpha"]) for config in configs] == [
        (["mask"], 0),
        (["mask"], 0.5),
        (["mask", "crop"], 0),
        (["mask", "crop"], 0.5),
    ]
    assert capsys.readouterr().out.splitlines() == [
        "sweep 1/4: query=mask rerank.alpha=0",
        "sweep 2/4: query=mask rerank.alpha=0.5",
        "sweep 3/4: query=[mask,crop] rerank.alpha=0",
        "sweep 4/4: query=[mask,crop] rerank.alpha=0.5",
    ]


@pytest.mark.parametrize(
    ("line", "models"),
    [
        ("", ["arcface", "dlib"]),
        ("query=mask alpha=0.5 output=here", ["arcface", "dlib"]),
        ("model=dlib", ["dlib"]),
        ("size=64", ["arcface"]),
        ("experiment=quick", ["arcface"]),
        ("alpha=0,0.5", ["arcface", "arcface"]),
    ],
)
def test_what_is_run_is_swept_over_by_default_unless_it_was_chosen(
    config_dir: Path, line: str, models: list[str]
) -> None:
    sweep = DefaultSweep("model=arcface,dlib", re.compile(r"model(\..*)?|experiment"))
    points = plan("evaluate", line.split(), config_dir, Evaluate, default_sweep=sweep)
    assert [point.settings.model.kind for point in points] == models


def test_a_sweep_is_summed_up_when_all_of_it_has_run(config_dir: Path) -> None:
    seen: list[Any] = []

    def run(settings: Section) -> str:
        seen.append("run")
        return settings.plain()["model"]["kind"]

    def summarize(labels: Sequence[str], results: Sequence[str]) -> None:
        seen.extend(zip(labels, results, strict=True))

    for words in (["model=arcface,dlib"], ["model=dlib"]):
        assert main("evaluate", run, "Rank.", words, config_dir, Evaluate, summarize=summarize) == 0
    assert seen == ["run", "run", ("model=arcface", "arcface"), ("model=dlib", "dlib"), "run"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        # Flags.
        ("--no-rernk", "unknown flag '--no-rernk' (did you mean --no-rerank?)"),
        ("--seed=1", "unknown flag '--seed=1'; settings are written without dashes: seed=1."),
        ("--rerank --no-rerank", "--rerank and --no-rerank contradict each other; keep one."),
        ("--no-rerank rerank=emd", "--no-rerank and rerank=emd contradict each other; keep one."),
        ("--rerank rerank=none", "--rerank needs a re-ranking method, not rerank=none; choose one of emd."),
        ("--rerank experiment=quick", "--rerank needs a re-ranking method, not rerank=none; choose one of emd."),
        # Words that are no settings.
        ("crop", "'crop' is not a setting (did you mean query=crop?); settings are written KEY=VALUE."),
        ("no-rerank", "'no-rerank' is not a setting (did you mean --no-rerank"),
        ("=1", "'=1' is not a setting; settings are written KEY=VALUE."),
        ("''", "'' is not a setting; settings are written KEY=VALUE."),
        # Groups.
        ("model=arcfce", "unknown model 'arcfce' (did you mean arcface?); choose one of arcface, dlib."),
        ("query=[mask,corp]", "unknown query 'corp' (did you mean crop?); choose one of clean, crop, mask."),
        ("query=[]", "query needs at least one of clean, crop, mask."),
        ("model=[arcface,dlib]", "model takes one choice, not a list; choose one of arcface, dlib."),
        ("model=null", "unknown model 'null'; choose one of arcface, dlib."),
        ("model={size:1}", "unknown model '{size:1}'; choose one of arcface, dlib."),
        ("logger=csv", "evaluate has no logger; add it with +logger=CHOICE, one of csv."),
        ("loss=arcface", "unknown key 'loss'; see --help for the groups and keys."),
        ("+loss=arcface", "unknown key 'loss'; see --help for the groups and keys."),
        ("+experiment=quick", "experiment is a group of evaluate already; write experiment=quick without the +."),
        ("~model", "'~model': no setting can be removed, since every one is needed; give it another value."),
        # Keys.
        ("modl=dlib", "unknown key 'modl' (did you mean model?)"),
        ("alhpa=1", "unknown key 'alhpa' (did you mean rerank.alpha?)"),
        (
            "rerank.alhpa=1",
            "unknown key 'rerank.alhpa' (did you mean rerank.alpha?); "
            "rerank has the keys kind, alpha, learned and its choices are emd, none.",
        ),
        ("rerank=none alpha=1", "there is no rerank.alpha with rerank=none."),
        ("kind=x", "'kind' is ambiguous; write one of model.kind, rerank.kind."),
        ("+seed=1", "'+seed=1': no setting can be added, only changed; write seed=1 without the +."),
        ("hydra.verbose=true", "'hydra.verbose' is a setting of Hydra itself, which has no effect here."),
        # Values.
        ("seed=many", "seed takes a whole number, not 'many'."),
        ("seed=1.5", "seed takes a whole number, not '1.5'."),
        ("alpha=high", "rerank.alpha takes a number, not 'high'."),
        ("alpha=true", "rerank.alpha takes a number, not 'true'."),
        ("learned=1", "rerank.learned takes true or false, not '1'."),
        ("output=null", "output takes text, not 'null'."),
        ("protocols=loose", "protocols takes a list such as [loose], not 'loose'."),
        ("query.mask=1", "query.mask takes a section {KEY: VALUE}, not '1'."),
        ("limit='${nothing}'", "interpolation key 'nothing' not found."),
        # Syntax.
        (
            "seed='1 (one)'",
            "cannot read 'seed=1 (one)'; brackets must be closed, and text with special characters "
            """needs quotes, as in 'seed="1 (one)"'.""",
        ),
        ("model='dlib (1)'", "cannot read 'model=dlib (1)'; brackets must be closed"),
        ("seed=[1,2", "cannot read 'seed=[1,2'; brackets must be closed"),
        ("seed=range(3,1)", "'seed=range(3,1)' sweeps over no value at all."),
        ("seed=interval(0,1)", "cannot sweep over 'seed=interval(0,1)'; use A,B or choice(A,B) or range("),
        ("seed=range(0,1,0)", "cannot sweep over 'seed=range(0,1,0)'; use A,B or choice(A,B) or range("),
    ],
)
def test_every_mistake_is_one_sentence_and_status_2(
    config_dir: Path, capsys: pytest.CaptureFixture[str], line: str, sentence: str
) -> None:
    assert run_main("evaluate", never, "Rank.", shlex.split(line), config_dir) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"evaluate: {sentence}")
    assert err.endswith(".\n")
    assert err.count("\n") == 1


def test_nothing_runs_if_a_later_point_is_wrong(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("evaluate", never, "Rank.", ["alpha=0,1,high"], config_dir) == 2
    assert "rerank.alpha takes a number, not 'high'." in capsys.readouterr().err


def test_the_rerank_flags_belong_to_evaluate(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("train", never, "Train.", ["root=faces", "--no-rerank"], config_dir) == 2
    assert "unknown flag '--no-rerank'" in capsys.readouterr().err


def test_an_input_error_of_a_run_ends_the_sweep(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = []

    def run(settings: Evaluate) -> None:
        seeds.append(settings.seed)
        if settings.seed == 2:
            raise InputError("Cannot find the folder\n/data/faces.")

    assert run_main("evaluate", run, "Rank.", ["seed=1,2,3"], config_dir) == 2
    assert seeds == [1, 2]
    assert capsys.readouterr().err == "evaluate: cannot find the folder /data/faces.\n"


def test_ctrl_c_is_status_130(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(settings: Section) -> None:
        raise KeyboardInterrupt

    assert run_main("evaluate", run, "Rank.", [], config_dir) == 130
    assert capsys.readouterr().err == "evaluate: stopped by Ctrl-C.\n"


def test_a_bug_keeps_its_traceback(config_dir: Path) -> None:
    def run(settings: Section) -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run_main("evaluate", run, "Rank.", [], config_dir)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config-dir"], "--config-dir needs a folder; write --config-dir DIR."),
        (["--config-dir", "/no/such"], "the folder of configs /no/such does not exist; change --config-dir."),
        (["--confg-dir"], "unknown flag '--confg-dir' (did you mean --config-dir?)"),
    ],
)
def test_a_folder_of_configs_that_is_not_there(
    config_dir: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main("evaluate", never, "Rank.", arguments, config_dir) == 2
    assert capsys.readouterr().err.startswith(f"evaluate: {sentence}")
