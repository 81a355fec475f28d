"""The server under load, killed again and again. Prints a table of what requests took."""

import hashlib
import io
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from PIL import Image

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.report.table import Table, print_tables
from fdemd.server.client import GalleryClient
from tests.server.made_server import ROOT, Process, open_pictured, picture, wait_until_up

pytestmark = pytest.mark.slow
CLIENTS, REQUESTS, KILLS = 8, 2000, 20
PORT = 8977
SHOTS = range(1, 11)
Box = tuple[float, ...]


class Killable(Protocol):
    def kill(self) -> None: ...


class Photographs:
    """The AT&T photographs, SFace and YuNet, and the server as it is typed: 40 people, 10 photographs of each."""

    def __init__(self, where: Path) -> None:
        self._where, self._boxes = where, dict[tuple[str, int], Box]()
        with Gallery.open(where) as gallery:
            for person in (f"s{number}" for number in range(1, 41)):
                for shot in SHOTS:
                    face = gallery.find_faces(self.content(person, shot)).faces[0]
                    self._boxes[person, shot] = tuple(round(side, 1) for side in face.box)

    def serve(self) -> Killable:
        command = [sys.executable, "-m", "fdemd", "gallery", "serve", "--gallery", str(self._where)]
        with (self._where.parent / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--port", str(PORT)], stdout=subprocess.DEVNULL, stderr=log, cwd=ROOT, env=os.environ
            )
        wait_until_up(f"http://127.0.0.1:{PORT}")
        return process

    def content(self, person: str, shot: int) -> bytes:
        return (orl_manifest().root / person / f"{shot}.pgm").read_bytes()

    def box(self, person: str, shot: int) -> Box:
        return self._boxes[person, shot]


class Pictures:
    """Pictures that say who is on them, so that requests take next to nothing and kills hit the database's work."""

    def __init__(self, where: Path) -> None:
        self._where = where
        open_pictured(where).close()

    def serve(self) -> Killable:
        return Process(self._where, PORT)

    def content(self, person: str, shot: int) -> bytes:
        return picture(person, shot=shot)

    def box(self, person: str, shot: int) -> Box:
        return (0.0, 10.0, 100.0, 130.0)


class Client:
    """Enrols, looks for and removes people of its own, and knows what the server said.

    Attributes:
        there: Person -> SHA-256 of photographs that the server said are enrolled, and their numbers.
        unsure: Photographs of which it said nothing, since it was killed.
        seconds: Kind of request -> what each took.
        done: Number of requests that were answered.
    """

    def __init__(self, number: int, world: Photographs | Pictures) -> None:
        self._random, self._world = random.Random(number), world
        self._people = [f"s{person}" for person in range(1 + number, 41, CLIENTS)]
        self._client = GalleryClient(f"http://127.0.0.1:{PORT}", timeout=300)
        self.there: dict[str, dict[str, int]] = {person: {} for person in self._people}
        self.unsure: set[tuple[str, str]] = set()
        self.seconds: dict[str, list[float]] = {"identify": [], "enrol": [], "delete": []}
        self.done = 0

    def work(self, requests: int) -> None:
        while self.done < requests:
            person, shot = self._random.choice(self._people), self._random.choice(SHOTS)
            kind = self._random.choices(("identify", "enrol", "delete"), (6, 3, 1))[0]
            if kind == "delete" and not self.there[person]:
                continue
            ask: Callable[[str, int], None] = getattr(self, f"_{kind}")
            began = time.perf_counter()
            try:
                ask(person, shot)
            except InputError as error:
                assert "cannot be reached" in str(error), error
                time.sleep(0.2)
                continue
            self.seconds[kind].append(time.perf_counter() - began)
            self.done += 1

    def _identify(self, person: str, shot: int) -> None:
        content = self._world.content(person, shot)
        (face,) = self._client.identify(content)
        assert face.box == self._world.box(person, shot), "the box is that of another photograph"
        if self.there[person]:
            assert face.person in (person, None), (person, face)
        if self._digest(person, content) in self.there[person]:
            assert (face.candidates[0].person, face.candidates[0].cosine) == (person, pytest.approx(1, abs=1e-3))

    def _enrol(self, person: str, shot: int) -> None:
        content = self._world.content(person, shot)
        digest = self._digest(person, content)
        if digest not in self.there[person]:
            self.unsure.add((person, digest))
        (done,) = self._client.enrol(person, content, force=True)
        assert done.status in ("enrolled", "known") and done.id is not None
        self.there[person][digest] = done.id
        self.unsure.discard((person, digest))

    def _delete(self, person: str, shot: int) -> None:
        digest = self._random.choice(sorted(self.there[person]))
        number = self.there[person].pop(digest)
        self.unsure.add((person, digest))
        self._client.remove_photograph(number)
        self.unsure.discard((person, digest))

    def _digest(self, person: str, content: bytes) -> str:
        """The SHA-256 by which the gallery knows a photograph; of a picture that of what it says."""
        return hashlib.sha256(content).hexdigest() if isinstance(self._world, Photographs) else sha256_shown(content)


def sha256_shown(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        return hashlib.sha256(image.info["shows"].encode()).hexdigest()


@pytest.mark.parametrize("kind", [Pictures, Photographs])
def test_2000_requests_of_8_clients_with_20_kills(kind: type[Photographs | Pictures], tmp_path: Path) -> None:
    world = kind(tmp_path / "people.db")
    server = world.serve()
    clients = [Client(number, world) for number in range(CLIENTS)]
    errors: list[BaseException] = []

    def work(client: Client) -> None:
        try:
            client.work(REQUESTS // CLIENTS)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    began, kills = time.monotonic(), 0
    while any(thread.is_alive() for thread in threads) and not errors:
        time.sleep(0.02)
        if kills < KILLS and sum(client.done for client in clients) >= (kills + 0.5) * REQUESTS / KILLS:
            server.kill()
            kills += 1
            server = world.serve()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert errors == [] and kills == KILLS
    with GalleryClient(f"http://127.0.0.1:{PORT}", timeout=300) as client:
        checked = client.check()
        people = {person.name: {each.sha256 for each in person.photographs} for person in client.people()}
    server.kill()
    assert checked.problems == []
    for each in clients:
        for person, photographs in each.there.items():
            differ = {(person, digest) for digest in set(photographs) ^ people.get(person, set())}
            assert differ <= each.unsure, person
    tell(kind.__name__, clients, took)


def tell(world: str, clients: list[Client], took: float) -> None:
    cells = []
    for kind in ("identify", "enrol", "delete"):
        milliseconds = 1000 * np.concatenate([client.seconds[kind] for client in clients])
        middle, high = np.percentile(milliseconds, (50, 95))
        cells.append(
            {
                "request": kind,
                "number": f"{len(milliseconds):,}",
                "p50 (ms)": f"{middle:.0f}",
                "p95 (ms)": f"{high:.0f}",
            }
        )
    title = f"{world}: {REQUESTS:,} requests of {CLIENTS} clients, {KILLS} kills, {took:.0f} s"
    print_tables([Table(title, cells, words=("request",))])
