"""Whether W&B is wanted and can be reached, from the environment, netrc and a server on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.runs.wandb_access import has_login, is_reachable, mode_asked


@pytest.fixture
def netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return tmp_path / "netrc"


@pytest.fixture
def refusing_server() -> Iterator[str]:
    """Answers everything with 404, as a server may that knows no HEAD."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_key_in_the_environment_is_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_login()
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    assert has_login()


def test_a_login_in_netrc_counts_for_its_own_server(netrc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc.write_text(f"machine api.wandb.ai\n  login user\n  password {'a' * 40}\n")
    assert has_login()
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert not has_login()


@pytest.mark.parametrize("content", ["", "machine github.com login me password p", "machine", "\xff\xfe"])
def test_other_or_broken_netrc_files_are_no_login(netrc: Path, content: str) -> None:
    netrc.write_text(content, encoding="latin-1")
    assert not has_login()


def test_any_answer_is_an_answer(refusing_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", refusing_server)
    assert is_reachable()


def test_nobody_listening_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    assert not is_reachable()


def test_a_mode_that_does_not_exist_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "ofline")
    with pytest.raises(InputError, match="did you mean offline"):
        mode_asked()
