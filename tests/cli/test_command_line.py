"""The command line: what reaches ``run``, and the sentence that each mistake is answered with."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fdemd.cli.command_line import CONFIG_DIR, main, plan
from fdemd.cli.configs import Configs, read_groups, required_settings
from fdemd.errors import InputError
from fdemd.settings.section import Section, Text

CONFIGS = {
    "base.yaml": "seed: 7\n",
    "evaluate.yaml": """
        defaults:
          - base
          - model: arcface
          - query: [clean, mask]
          - rerank: emd
          - optional experiment: null
          - _self_
        output: outputs
        limit: null
        protocols: [strict, loose]
        """,
    "train.yaml": "defaults:\n  - model: arcface\n  - _self_\nroot: ???\n",
    "model/arcface.yaml": "# ArcFace, 512 numbers a face.\nkind: arcface\nsize: 112\n",
    "model/dlib.yaml": "# dlib's metric network.\nkind: dlib\ncheckpoint: ${output}/dlib.dat\n",
    "query/clean.yaml": "# As they are.\nclean: {}\n",
    "query/mask.yaml": "# Face masks.\nmask:\n  share: 0.5\n",
    "query/crop.yaml": "# A part of the face.\ncrop:\n  share: 0.7\n",
    "rerank/emd.yaml": "# Earth Mover's Distance.\nkind: emd\nalpha: 0.7\nlearned: false\n",
    "rerank/none.yaml": "# First stage only.\nkind: none\n",
    "experiment/quick.yaml": "# @package _global_\n# A fast look.\ndefaults:\n  - override /rerank: none\nseed: 1\n",
    "logger/csv.yaml": "# @package _global_\n# A table of the losses.\nlogger: {kind: csv}\n",
    "loss/arcface.yaml": "# Another job's: there is nothing in this one that it would change.\nmargin: 0.5\n",
}


class Model(Section):
    kind: str
    size: int = 0
    checkpoint: str = ""


class Rerank(Section):
    kind: str
    alpha: float = 0.7
    learned: bool = False


class Occlusion(Section):
    share: float = 0.5


class Query(Section):
    clean: dict[str, int] | None = None
    mask: Occlusion | None = None
    crop: Occlusion | None = None


class Evaluate(Section):
    seed: int
    model: Model
    query: Query
    rerank: Rerank
    output: Text
    limit: Any
    protocols: list[str]
    logger: dict[str, str] | None = None


class Train(Section):
    model: Model
    root: Text


SCHEMAS: dict[str, type[Section]] = {"evaluate": Evaluate, "train": Train}


def run_main(job: str, run: Callable[[Any], None], about: str, words: list[str], config_dir: Path) -> int:
    """The command line over these configs and their types."""
    return main(job, run, about, words, config_dir, SCHEMAS[job])


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    for name, text in CONFIGS.items():
        path = tmp_path / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("\n        ", "\n"), encoding="utf-8")
    return tmp_path / "configs"


def never(settings: Section) -> None:
    """The ``run`` of a command line that must not get that far."""
    pytest.fail(f"ran with {settings}")


def configs_of(config_dir: Path, line: str) -> list[dict[str, Any]]:
    """Return the settings of every run of ``python evaluate.py <line>``, which must succeed."""
    configs: list[dict[str, Any]] = []

    def run(settings: Section) -> None:
        configs.append(settings.plain())

    assert run_main("evaluate", run, "Rank.", shlex.split(line), config_dir) == 0
    return configs


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


def test_a_sweep_over_a_group_by_pattern(config_dir: Path) -> None:
    assert [config["model"]["kind"] for config in configs_of(config_dir, "model=glob(*)")] == ["arcface", "dlib"]


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
    points = plan("evaluate", line.split(), config_dir, Evaluate, default_sweep="model=arcface,dlib")
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


def test_a_mandatory_value_left_unset_is_named(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("train", never, "Train.", [], config_dir) == 2
    assert capsys.readouterr().err == "train: root must be set; add root=VALUE.\n"
    assert run_main("train", lambda config: None, "Train.", ["root=faces"], config_dir) == 0


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
  --help            print this text

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

The settings of a choice are in configs/GROUP/CHOICE.yaml; set them with GROUP.KEY=VALUE, or
KEY=VALUE if no other has KEY.
Values separated by commas (A,B) are run one after the other; a list ([A,B]) is one value.

Examples:
  python evaluate.py
  python evaluate.py model=dlib
  python evaluate.py query=[clean,crop]
  python evaluate.py query=clean,crop
  python evaluate.py --no-rerank
"""
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


def test_own_configs_come_before_those_of_fdemd(config_dir: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "model").mkdir(parents=True)
    (own / "model" / "arcface.yaml").write_text("# Mine.\nkind: mine\n")
    (own / "model" / "small.yaml").write_text("# A small one.\nkind: small\n")

    assert [configs_of(config_dir, line)[0]["model"] for line in (f"--config-dir {own}", f"--config-dir={own}")] == [
        {"kind": "mine"}
    ] * 2
    assert configs_of(config_dir, f"--config-dir {own} model=small")[0]["model"] == {"kind": "small"}
    assert configs_of(config_dir, f"--config-dir {own} model=dlib")[0]["model"]["kind"] == "dlib"
    assert configs_of(config_dir, "")[0]["model"]["kind"] == "arcface"


def test_what_a_job_plans_finds_own_configs_too(config_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "own" / "model").mkdir(parents=True)
    (tmp_path / "own" / "model" / "small.yaml").write_text("# A small one.\nkind: small\n")
    planned = []

    def run(settings: Section) -> None:
        planned.append(plan("evaluate", ["model=small"], config_dir, Evaluate)[0].settings.model.kind)

    assert run_main("evaluate", run, "Rank.", ["--config-dir", str(tmp_path / "own")], config_dir) == 0
    assert planned == ["small"]


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


def test_the_command_line_does_not_import_torch() -> None:
    script = "import sys, fdemd.cli.overrides; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_help_imports_no_hydra() -> None:
    script = (
        "import sys; from fdemd.jobs.commands import evaluate; evaluate(['--help']); sys.exit('hydra' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_choice_that_is_for_another_job_is_none(config_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config_dir / "rerank" / "learned.yaml").write_text("# @job train\n# Learns while it trains.\nkind: learned\n")
    (config_dir / "rerank" / "fast.yaml").write_text("# @job evaluate\n# Few patches.\nkind: fast\n")
    assert list(read_groups(Configs((config_dir,)), "evaluate")["rerank"].choices) == ["emd", "fast", "none"]
    assert read_groups(Configs((config_dir,)), "evaluate")["rerank"].choices["fast"] == "Few patches."
    assert run_main("evaluate", never, "Rank.", ["rerank=learned"], config_dir) == 2
    assert "unknown rerank 'learned'; choose one of emd, fast, none." in capsys.readouterr().err


def real_choices() -> list[tuple[str, str, str]]:
    """Return the job, group and choice of everything that the project's own configs offer."""
    return [
        (path.stem, group.key, choice)
        for path in sorted(CONFIG_DIR.glob("*.yaml"))
        for group in read_groups(Configs((CONFIG_DIR,)), path.stem).values()
        for choice in group.choices
        if group.in_job
    ]


@pytest.mark.parametrize(("job", "group", "choice"), real_choices())
def test_every_choice_of_the_project_composes_and_is_described(job: str, group: str, choice: str) -> None:
    required = [f"{key}=given" for key in required_settings(Configs((CONFIG_DIR,)), group, choice)]
    if choice == "table4":  # which needs networks to compare
        required.append("table4.finetuned=[given]")
    (point,) = plan(job, [f"{group}={choice}", *required], CONFIG_DIR)
    assert point.settings.plain()
    assert read_groups(Configs((CONFIG_DIR,)), job)[group].choices[choice]
