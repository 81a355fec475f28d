"""What holds for every request: limits, headers, a number, a line in the log."""

import json
import threading

import pytest
from fastapi.testclient import TestClient

from fdemd.gallery.gallery import Gallery
from fdemd.server.limits import Limits
from tests.server.conftest import Serve
from tests.server.made_server import Process, picture, process, wait_until_up


def test_every_answer_has_a_number_and_tells_browsers_to_keep_it_to_themselves(client: TestClient) -> None:
    numbers = set()
    for path in ("/v1/health", "/v1/persons", "/nowhere", "/", "/v1/persons/x"):
        headers = client.get(path).headers
        numbers.add(headers["X-Request-ID"])
        assert headers["Content-Security-Policy"].startswith("default-src 'self'; img-src 'self' blob: data:")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert len(numbers) == 5
    error = client.get("/nowhere")
    assert error.json()["error"]["request_id"] == error.headers["X-Request-ID"]


def test_what_is_too_large_is_not_read(serve: Serve, gallery: Gallery) -> None:
    client = serve(Limits(bytes=10_000))
    response = client.post("/v1/search", files={"photograph": b"x" * 20_000})
    assert response.status_code == 413
    assert response.json()["error"]["message"] == (
        "The request is too large; 10.0 kB are the most, all photographs together."
    )


def test_a_body_is_counted_while_it_arrives(serve: Serve) -> None:
    """A client need not say how long a body is, and may lie."""
    client, sent = serve(Limits(bytes=10_000)), []

    def endless():
        yield b"--x\r\nContent-Disposition: form-data; name=photograph; filename=a\r\n\r\n"
        for _ in range(100):
            sent.append(1)
            yield bytes(1000)

    response = client.post("/v1/search", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert response.status_code == 413


def test_a_body_that_does_not_arrive_is_not_waited_for(tmp_path) -> None:
    import socket

    with (
        process_with(tmp_path, "Limits(seconds=0.3)") as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        connection.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        )
        connection.settimeout(30)
        answer = connection.recv(4096)
        assert b" 408 " in answer


class process_with:  # noqa: N801
    """A server process within other limits."""

    def __init__(self, folder, limits: str) -> None:
        self._program = Process.PROGRAM.replace(
            "app = app_of(open_pictured(sys.argv[1]))",
            f"from fdemd.server.limits import Limits; app = app_of(open_pictured(sys.argv[1]), {limits})",
        )
        self._folder = folder

    def __enter__(self) -> Process:
        before, Process.PROGRAM = Process.PROGRAM, self._program
        try:
            self._running = Process(str(self._folder / "people.db"))
        finally:
            Process.PROGRAM = before
        wait_until_up(self._running.address)
        return self._running

    def __exit__(self, *error: object) -> None:
        self._running.kill()


def test_whoever_comes_while_all_are_busy_is_told_to_come_again(
    serve: Serve, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, began, go_on = serve(Limits(requests=1)), threading.Event(), threading.Event()

    def slow(photograph: bytes) -> object:
        began.set()
        go_on.wait(30)
        raise AssertionError

    monkeypatch.setattr(gallery, "find_faces", slow)
    busy = threading.Thread(target=client.post, args=("/v1/detect",), kwargs={"files": {"photograph": picture()}})
    busy.start()
    began.wait(30)
    response = client.get("/v1/persons")
    go_on.set()
    busy.join()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert client.get("/v1/persons").is_success


def test_an_error_of_the_servers_own_is_told_without_what_it_is(
    client: TestClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(photograph: bytes) -> object:
        raise KeyError("Ann Lee's face")

    monkeypatch.setattr(gallery, "find_faces", breaks)
    response = client.post("/v1/detect", files={"photograph": picture("Ann")})
    assert (response.status_code, response.json()["error"]["code"]) == (500, "error")
    assert "Ann" not in response.text
    log = capsys.readouterr().err
    line = json.loads(log.splitlines()[-1])
    assert line["status"] == 500 and line["request"] == response.headers["X-Request-ID"]
    assert line["places"][-1] == "KeyError" and "breaks" in line["places"][-2] and "Ann Lee" not in log


def test_a_line_in_the_log_for_each_request_without_names(
    serve: Serve, keys: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client = serve(key=keys["admin"])
    client.post("/v1/faces", data={"person": "Unmistakable"}, files={"photographs": ("face.png", picture("Ann"))})
    client.get("/v1/persons", params={"name": "Unmistakable"})
    client.get("/Unmistakable")
    log = capsys.readouterr().err
    lines = [json.loads(line) for line in log.splitlines()]
    assert [(line["method"], line["route"], line["status"], line["key"]) for line in lines] == [
        ("POST", "/v1/faces", 201, "adminer"),
        ("GET", "/v1/persons", 200, "adminer"),
        ("GET", "none", 404, None),
    ]
    assert all(set(line) == {"time", "event", "request", "method", "route", "status", "ms", "key"} for line in lines)
    assert "Unmistakable" not in log and keys["admin"] not in log and "face.png" not in log


def test_a_server_ends_what_runs_and_then_itself(tmp_path) -> None:
    with process(str(tmp_path / "people.db")) as server:
        wait_until_up(server.address)
        assert server.stop() in (0, -15)
