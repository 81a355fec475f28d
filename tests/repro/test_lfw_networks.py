"""The networks of the results, and LFW aligned for them."""

import re
from pathlib import Path

import pytest

import data_prep.preparation
from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.repro.lfw_networks import NETWORKS, Network, prepare_lfw, with_folders


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_each_network_s_words_are_settings_of_an_evaluation(network: Network) -> None:
    words = with_folders([*network.lfw, *network.words], "data/lfw", "downloads")
    settings = plan("evaluate", words)[0].settings
    assert settings.data.manifest == f"data/lfw/{network.template}/manifest.csv"
    assert not re.search(r"[{}]", " ".join(words))
    assert str(getattr(settings.model, "checkpoint", None) or "downloads/").startswith("downloads/")


def test_a_template_is_prepared_once_and_only_if_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[Path] = []
    monkeypatch.setattr(data_prep.preparation, "prepare", lambda request: prepared.append(request.out))
    (tmp_path / "lfw-deepfunneled.tar").touch()
    (tmp_path / "aligned" / "dlib").mkdir(parents=True)
    (tmp_path / "aligned" / "dlib" / "manifest.csv").touch()
    prepare_lfw(tmp_path, tmp_path / "aligned", NETWORKS)
    assert [folder.name for folder in prepared] == ["box_160", "insightface"]


def test_without_the_archive_or_its_folder_the_option_is_named(tmp_path: Path) -> None:
    for folder, sentence in (
        (tmp_path, "has no lfw-deepfunneled.tar or .tgz; give the folder with --lfw DIR"),
        (tmp_path / "no", "does not exist; give it with --lfw DIR"),
    ):
        with pytest.raises(InputError, match=re.escape(sentence)):
            prepare_lfw(folder, tmp_path / "aligned", NETWORKS[:1])
