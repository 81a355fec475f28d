"""Hydra is set up for the folders of configs, and is as it was afterwards."""

import sys
from pathlib import Path

import pytest
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from fdemd.cli.configs import Configs
from fdemd.cli.session import composing, store_plugin
from fdemd.errors import InputError
from tests.plugins import choices_forgotten, write_package

PLUG_INS = """
class Net:
    def __init__(self, *, width: int = 64, checkpoint: str):
        pass

class Nearest:
    def __init__(self, *, temperature: float = 1.0):
        pass

def scarf(size, *, height: float = 0.4):
    return []
"""


def test_the_first_folder_comes_first(config_dir: Path, tmp_path: Path) -> None:
    folders = tmp_path / "first", tmp_path / "second"
    for number, folder in enumerate(folders, start=1):
        (folder / "model").mkdir(parents=True)
        (folder / "model" / "dlib.yaml").write_text(f"kind: dlib of folder {number}\n")
    with composing(Configs((*folders, config_dir))):
        assert compose("evaluate", ["model=dlib"]).model.kind == "dlib of folder 1"
        assert compose("evaluate", ["model=arcface"]).model.kind == "arcface"


def test_hydra_is_as_it_was_afterwards(config_dir: Path) -> None:
    assert not GlobalHydra.instance().is_initialized()
    with pytest.raises(InputError), composing(Configs((config_dir,))):
        assert GlobalHydra.instance().is_initialized()
        raise InputError("A mistake in the settings.")
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.parametrize(
    ("group", "name", "node"),
    [
        ("model", "net", {"model": {"backbone": "net", "width": 64, "checkpoint": "???"}}),
        (
            "rerank",
            "nearest",
            {"rerank": {"method": "nearest", "alpha": 0.7, "k": 100, "calibration": None, "temperature": 1.0}},
        ),
        ("query", "scarf", {"query": {"scarf": {"height": 0.4}}}),
    ],
)
def test_a_plug_in_has_the_settings_of_its_signature_and_those_of_its_group(
    group: str, name: str, node: object, config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_points = {"backbones": {"net": "Net"}, "rerankers": {"nearest": "Nearest"}, "queries": {"scarf": "scarf"}}
    monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", PLUG_INS, entry_points))
    monkeypatch.delitem(sys.modules, "plugged_in", raising=False)
    (config_dir / "job.yaml").write_text(f"defaults: [{{{group}: null}}]\n")
    with choices_forgotten(), composing(Configs((config_dir,))):
        store_plugin(group, name)
        assert OmegaConf.to_container(compose("job", [f"{group}={name}"])) == node
