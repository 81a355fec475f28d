"""``fdemd gallery serve``, ``stop-shards`` and ``key`` as they are typed."""

import subprocess
import sys

import pytest

from fdemd.server.command import main


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--port", "70000"],
        ["serve", "--port", "x"],
        ["serve", "--workers", "0"],
        ["serve", "--shards", "0"],
        ["key"],
        ["key", "lose"],
    ],
)
def test_a_mistake_ends_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: fdemd gallery")


def test_help_lists_all_commands_and_needs_no_torch() -> None:
    program = (
        "import sys\nfrom fdemd.server.command import main\ntry:\n    main(['--help'])\nfinally:\n"
        "    print({'torch', 'fastapi', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
    assert all(f"\n    {name}" in done.stdout for name in ("enrol", "identify", "serve", "stop-shards", "key"))


def test_the_galleries_own_commands_are_there(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    assert main(["list", "--gallery", str(tmp_path / "people.db")]) == 2
    assert "enrol somebody first" in capsys.readouterr().err
