"""``fdemd checkpoints list|fetch|verify|convert``."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from fdemd.backbones import create_backbone
from fdemd.checkpoints import CARDS
from fdemd.jobs.checkpoints_command import main
from tests.checkpoints.made_cards import CONTENT, sha256, write_card


def test_list_shows_state_size_and_licence(tmp_path: Path, run: Any) -> None:
    write_card(tmp_path, name="here", file="here.bin").fetched.write_bytes(CONTENT)
    write_card(tmp_path, name="nowhere", file="nowhere.bin", licence="non-commercial [research]")
    write_card(tmp_path, name="unsure", file="here.bin", sha256=None)
    (tmp_path / "broken.yaml").write_text("name: broken\n")
    outcome = run("list")
    assert outcome.status == 0
    rows = {words[0]: words for line in outcome.out.splitlines() if len(words := line.replace("│", " ").split()) > 2}
    assert rows["here"][1:4] == ["fetched", "1.0", "MB"]
    assert rows["nowhere"][1] == "missing"
    assert "[research]" in outcome.out
    assert rows["unsure"][1:4] == ["fetched,", "no", "sha256"]
    assert rows["broken"][1:4] == ["card", "is", "wrong"]


def test_list_of_the_project() -> None:
    assert main(["list"], CARDS) == 0


def test_a_fetched_file_that_may_not_be_read(tmp_path: Path, as_other_user: list[str]) -> None:
    card = write_card(tmp_path, url="https://a.org/net.bin")
    card.fetched.write_bytes(CONTENT)
    card.fetched.chmod(0o000)
    script = (
        "import sys; from pathlib import Path; from fdemd.jobs.checkpoints_command import main; "
        "sys.exit(main(sys.argv[2:], Path(sys.argv[1])))"
    )
    for words in (["verify", "net"], ["fetch", "net"], ["list"]):
        command = [*as_other_user, sys.executable, "-c", script, tmp_path, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == (0 if words == ["list"] else 2), done.stderr
        if words != ["list"]:
            assert (
                done.stderr.strip()
                == f"checkpoints: the weight file {card.fetched} cannot be read (Permission denied)."
            )


def test_verify_compares_what_is_here(tmp_path: Path, run: Any) -> None:
    write_card(tmp_path, name="a", file="a.bin").fetched.write_bytes(CONTENT)
    write_card(tmp_path, name="b", file="b.bin")
    write_card(tmp_path, name="c", file="c.bin", sha256=None).fetched.write_bytes(b"c")
    outcome = run("verify")
    assert outcome.status == 0
    assert outcome.out.splitlines() == [
        "a: right",
        "b: missing",
        f"c: the card has no sha256; that of {tmp_path}/c.bin is {sha256(b'c')}",
    ]


def test_verify_finds_a_wrong_file(tmp_path: Path, run: Any) -> None:
    write_card(tmp_path, name="a", file="a.bin").fetched.write_bytes(CONTENT)
    write_card(tmp_path, name="b", file="b.bin").fetched.write_bytes(CONTENT[:-1])
    outcome = run("verify")
    assert outcome.status == 2
    assert "a: right\nb: WRONG" in outcome.out
    assert "not what their cards describe: b." in outcome.err
    assert run("verify", "a").status == 0


def test_verify_of_a_name_that_is_not_here(tmp_path: Path, run: Any) -> None:
    write_card(tmp_path)
    outcome = run("verify", "net")
    assert outcome.status == 2
    assert "checkpoints: the weights of net are not here: download it by hand" in outcome.err
    assert "unknown model card 'x'" in run("verify", "x").err


def test_wrong_words_are_answered_with_status_2(run: Any) -> None:
    for words in ([], ["get"], ["convert", "a.pth"]):
        with pytest.raises(SystemExit) as stop:
            run(*words)
        assert stop.value.code == 2


def test_verify_runs_the_network_and_compares_it_with_the_card(tmp_path: Path, run: Any) -> None:
    torch.save(create_backbone("iresnet", depth=18, checkpoint="random").state_dict(), tmp_path / "a.pth")
    run("convert", tmp_path / "a.pth", "--name", "net18")
    card = yaml.safe_load((tmp_path / "net18.yaml").read_text())
    right = yaml.safe_load((CARDS / "iresnet18.yaml").read_text())
    facts = right | {name: value for name, value in card.items() if value is not None}
    (tmp_path / "net18.yaml").write_text(yaml.safe_dump(facts))
    assert run("verify", "net18").out == "net18: right\n"
    (tmp_path / "net18.yaml").write_text(yaml.safe_dump(facts | {"grids": ["4x4x512"], "embedding": 128}))
    outcome = run("verify", "net18")
    assert outcome.status == 2
    embedding = "embedding is 128, the network has 512"
    grids = "the first of grids is 4x4x512, the network gives 7x7x512"
    assert outcome.out == f"net18: WRONG; {embedding}; {grids}\n"
