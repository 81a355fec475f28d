"""The package as it is installed: what it carries, and what it says of itself."""

import os
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import fdemd
from fdemd.checkpoints import card_names
from fdemd.cli.configs import CONFIG_DIR
from fdemd.files.shipped import is_installed

PACKAGE = Path(fdemd.__file__).parent


def test_the_version_is_stated_once() -> None:
    assert version("fdemd") == fdemd.__version__


def test_configs_and_cards_are_there() -> None:
    assert {"evaluate.yaml", "train.yaml"} <= {path.name for path in CONFIG_DIR.iterdir()}
    assert "dlib" in card_names()


@pytest.mark.skipif(not is_installed(), reason="the package is in its checkout")
def test_the_wheel_carries_all_that_it_reads() -> None:
    assert CONFIG_DIR.is_relative_to(PACKAGE)
    assert list((PACKAGE / "emd" / "engines").glob("_cpu*.so"))
    assert (PACKAGE / "py.typed").is_file()
    (command,) = entry_points(group="console_scripts", name="fdemd")
    assert command.value == "fdemd.__main__:main"


def test_it_answers_in_a_folder_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fdemd", "evaluate", "--rerank", "modle=dlib"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("evaluate: unknown key 'modle' (did you mean model?)")
    assert not list(tmp_path.iterdir())


@pytest.mark.checkout
def test_every_folder_of_python_is_packaged() -> None:
    found = {path.parent for name in ("fdemd", "data_prep") for path in (PACKAGE.parent / name).rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in found)
