"""Fixtures of the command line."""

from pathlib import Path

import pytest

from tests.cli.made_configs import CONFIGS


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    for name, text in CONFIGS.items():
        path = tmp_path / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("\n        ", "\n"), encoding="utf-8")
    return tmp_path / "configs"
