from pathlib import Path

import pytest

from fdemd.checkpoints import card_names, read_card
from fdemd.checkpoints.cards import weights_folder
from fdemd.errors import InputError
from tests.checkpoints.made_cards import CONTENT, sha256, write_card


@pytest.mark.parametrize("name", card_names())
def test_every_card_of_the_project_is_complete(name: str) -> None:
    assert read_card(name).name == name


def test_a_card_says_where_its_file_is(tmp_path: Path) -> None:
    card = write_card(tmp_path, url="https://a.org/net.bin")
    assert (card.file, card.package, card.url, card.sha256) == (
        "net.bin",
        None,
        "https://a.org/net.bin",
        sha256(CONTENT),
    )
    assert card.facts["input_size"] == [112, 96]


def test_a_card_is_called_as_its_file(tmp_path: Path) -> None:
    write_card(tmp_path).path.rename(tmp_path / "other.yaml")
    with pytest.raises(InputError, match=r"the field name is 'net', but the file is called other.yaml"):
        read_card("other", tmp_path)


def test_unreadable_and_unknown_cards(tmp_path: Path) -> None:
    write_card(tmp_path)
    told = rf"Unknown model card 'met' \(did you mean net\?\); .* net; cards of your own go into {tmp_path}\."
    with pytest.raises(InputError, match=told):
        read_card("met", tmp_path)
    (tmp_path / "net.yaml").write_text("name: [")
    with pytest.raises(InputError, match=r"The card .*net.yaml cannot be read: .*line 1"):
        read_card("net", tmp_path)
    (tmp_path / "net.yaml").write_text("net")
    with pytest.raises(InputError, match=r"is not a list of fields"):
        read_card("net", tmp_path)


@pytest.mark.parametrize("name", ["../net", "net\0", "", "/etc/passwd"])
def test_a_card_is_looked_for_in_its_folder_only(tmp_path: Path, name: str) -> None:
    write_card(tmp_path)
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="Unknown model card"):
        read_card(name, tmp_path / "sub")


def test_weights_of_an_installed_package_lie_outside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.checkpoints.cards.is_installed", lambda: True)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    own = tmp_path / "data" / "fdemd" / "checkpoints"
    assert read_card("iresnet50").fetched.parent == weights_folder() == own
    assert weights_folder(tmp_path) == tmp_path  # a folder of cards of one's own keeps its weights

    own.mkdir(parents=True)
    write_card(own, name="mine", file="mine.bin")
    assert "mine" in card_names()
    assert read_card("mine").path.parent == own

    monkeypatch.setenv("FDEMD_CHECKPOINTS", str(tmp_path / "weights"))
    assert weights_folder() == tmp_path / "weights"
