"""What folders of configs offer, fdemd's own and the user's."""

from pathlib import Path

import pytest

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.cli.configs import Configs, read_groups, required_settings
from fdemd.errors import InputError
from fdemd.settings.section import Section
from tests.cli.made_configs import Evaluate, configs_of, never, run_main


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


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("model/mine.yaml", "defaults: 3", "the defaults of the config "),
        ("model/mine.yaml", "# Never chosen.\n- 1\n", "the config "),
        ("model/mine.yaml", "defaults: [mine]", "the configs of evaluate model=mine cannot be composed: one of them"),
        ("model/mine.yaml", "# @job\nkind: mine", "expected header format: KEY VALUE, got '@job'."),
        ("model/mine.yaml", "kind: mine\nkind: mine", "while constructing a mapping in "),
        ("evaluate.yaml", "defaults: [evaluate]", "the config "),
        ("evaluate.yaml", "defaults: [base, nothing]", "the config "),
    ],
)
def test_a_config_of_one_s_own_that_cannot_be_used_is_one_sentence(
    config_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, content: str, sentence: str
) -> None:
    path = tmp_path / "own" / file
    path.parent.mkdir(parents=True)
    path.write_text(content)

    assert run_main("evaluate", never, "Rank.", ["--config-dir", str(tmp_path / "own"), "model=mine"], config_dir) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"evaluate: {sentence}")
    assert err.count("\n") == 1


def test_a_config_that_names_itself_or_nothing_is_told_with_its_file(tmp_path: Path) -> None:
    configs = Configs((tmp_path,))
    (tmp_path / "evaluate.yaml").write_text("defaults: [base]")
    with pytest.raises(InputError, match=r"evaluate\.yaml names base in its defaults, and no folder of configs has"):
        list(configs.primary("evaluate"))
    (tmp_path / "base.yaml").write_text("defaults: [evaluate]")
    with pytest.raises(InputError, match=r"evaluate\.yaml names itself in its defaults"):
        list(configs.primary("evaluate"))
