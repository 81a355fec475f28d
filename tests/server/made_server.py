"""A server whose photographs are pictures that say in a text chunk who is on them; all but the network is real."""

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from PIL import Image, PngImagePlugin

from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.pin import Pin
from fdemd.server.access import Access
from fdemd.server.app import create_app
from fdemd.server.keys import has_keys
from fdemd.server.limits import Limits
from tests.gallery.made_gallery import PIN, MadeReader, open_made
from tests.gallery.made_gallery import photograph as described

ROOT = Path(__file__).parents[2]
LOCAL = "http://127.0.0.1:8000"


def picture(*people: str, shot: int = 0, noise: float = 0.2, size: tuple[int, int] = (64, 48)) -> bytes:
    """A photograph of some people, most prominent first."""
    facts, file = PngImagePlugin.PngInfo(), io.BytesIO()
    facts.add_text("shows", described(*people, shot=shot, noise=noise).decode())
    Image.new("RGB", size).save(file, "PNG", pnginfo=facts)
    return file.getvalue()


class PictureReader(MadeReader):
    """Reads what :func:`picture` makes; on other pictures it finds nobody."""

    def read(self, content: bytes | Path) -> SeenPhotograph:
        data = content.read_bytes() if isinstance(content, Path) else content
        with Image.open(io.BytesIO(data)) as image:
            shows = image.info.get("shows", json.dumps({"people": []}))
        return super().read(shows.encode())


def open_pictured(where: str | Path, *, pin: Pin = PIN) -> Gallery:
    return open_made(where, pin=pin, reader=PictureReader())


def app_of(gallery: Gallery, limits: Limits | None = None) -> FastAPI:
    with gallery.database.read() as session:
        keyless = not has_keys(session)
    return create_app(gallery, Access(gallery.database, keyless=keyless), limits)


class Running:
    """A server in a thread of this process, at a port of its own.

    Attributes:
        address: Where it answers.
    """

    def __init__(self, where: str, port: int = 0, **limits: float) -> None:
        listening = socket.create_server(("127.0.0.1", port))
        self.port = listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        app = app_of(open_pictured(where), Limits(**limits))  # type: ignore[arg-type]
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, as SIGTERM does, and wait."""
        self._server.should_exit = True
        self._thread.join()


@contextmanager
def running(where: str | Path, **limits: float) -> Iterator[Running]:
    """Run a server, within limits, until the block ends."""
    server = Running(str(where), **limits)
    try:
        wait_until_up(server.address)
        yield server
    finally:
        server.stop()


class Process:
    """A server in a process of its own, which can be killed.

    Attributes:
        address: Where it answers.
    """

    PROGRAM = """
import sys
from tests.server.made_server import Running
print(Running(sys.argv[1], int(sys.argv[2])).address, flush=True)
"""

    def __init__(self, where: Path, port: int = 0) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", self.PROGRAM, str(where), str(port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        wait_until_up(self.address)

    def kill(self) -> None:
        """End it at once, in the midst of whatever it does."""
        self._process.kill()
        self._process.wait()


def wait_until_up(address: str, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/v1/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {address}")


def run_together(*work: object) -> None:
    """Run functions in threads of their own; the first error of one is raised."""
    errors: list[BaseException] = []

    def guarded(each: object) -> None:
        try:
            each()  # type: ignore[operator]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
