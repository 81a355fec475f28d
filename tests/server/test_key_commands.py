"""``fdemd gallery key``."""

from pathlib import Path

import pytest

from fdemd.server.command import main

Captured = pytest.CaptureFixture[str]


def run(where: Path, capsys: Captured, *words: str) -> tuple[int, str, str]:
    status = main(["key", *words, "--gallery", str(where)])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_key_is_made_listed_and_revoked(tmp_path: Path, capsys: Captured) -> None:
    where = tmp_path / "people.db"
    status, out, _ = run(where, capsys, "create", "Front desk")
    key, sentence = out.splitlines()
    assert status == 0 and key.startswith("fdemd_")
    assert sentence == "This is the key of Front desk, role read; keep it, it cannot be told again."
    assert run(where, capsys, "create", "Ann", "--role", "admin")[0] == 0
    _, out, _ = run(where, capsys, "list")
    assert "Front desk" in out and "admin" in out and key not in out
    assert run(where, capsys, "revoke", "Front desk")[1] == "The key of Front desk opens nothing any more.\n"
    assert run(where, capsys, "revoke", "Ann")[0] == 0
    assert run(where, capsys, "list")[1] == "There are no keys.\n"


def test_mistakes_are_told_in_a_line(tmp_path: Path, capsys: Captured) -> None:
    where = tmp_path / "people.db"
    assert run(where, capsys, "list")[2].startswith("gallery: there is no gallery")
    run(where, capsys, "create", "Ann")
    for words, sentence in (
        (["create", "Ann"], "there is a key called 'Ann' already"),
        (["create"], "say whose key"),
        (["revoke", "Bob"], "there is no key called 'Bob'"),
        (["create", "<i>"], "signs of markup"),
    ):
        status, _, err = run(where, capsys, *words)
        assert status == 2 and sentence in err.lower().replace("'ann'", "'Ann'").replace("'bob'", "'Bob'")
