"""The server under load, killed again and again: SFace and YuNet on the AT&T photographs. Prints a table."""

import hashlib
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.report.table import Table, print_tables
from fdemd.server.client import GalleryClient
from tests.server.made_server import ROOT, wait_until_up

pytestmark = pytest.mark.slow
CLIENTS, REQUESTS, KILLS = 8, 2000, 20
SHOTS = range(1, 11)


class Server:
    """``fdemd gallery serve`` at one port, which is killed and begins anew."""

    def __init__(self, where: Path, port: int, log: Path) -> None:
        self._command = [
            sys.executable,
            "-m",
            "fdemd",
            "gallery",
            "serve",
            "--gallery",
            str(where),
            "--port",
            str(port),
        ]
        self._log, self.address = log, f"http://127.0.0.1:{port}"
        self.begin()

    def begin(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=log, cwd=ROOT)
        wait_until_up(self.address)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Client:
    """Enrols, looks for and removes people of its own, and knows what the server said.

    Attributes:
        there: Person -> SHA-256 of photographs that the server said are enrolled.
        unsure: Photographs of which it said nothing, since it was killed.
        seconds: Kind of request -> what each took.
    """

    def __init__(self, number: int, address: str, boxes: dict[Path, tuple[float, ...]]) -> None:
        self._random, self._boxes = random.Random(number), boxes
        self._people = [f"s{person}" for person in range(1 + number, 41, CLIENTS)]
        self._client = GalleryClient(address, timeout=120)
        self.there: dict[str, dict[str, int]] = {person: {} for person in self._people}
        self.unsure: set[str] = set()
        self.seconds: dict[str, list[float]] = {"identify": [], "enrol": [], "delete": []}
        self.done = 0

    def work(self, requests: int) -> None:
        while self.done < requests:
            person = self._random.choice(self._people)
            kind = self._random.choices(("identify", "enrol", "delete"), (6, 3, 1))[0]
            began = time.perf_counter()
            try:
                getattr(self, f"_{kind}")(person)
            except InputError as error:
                assert "cannot be reached" in str(error), error
                time.sleep(0.2)
                continue
            self.seconds[kind].append(time.perf_counter() - began)
            self.done += 1

    def _identify(self, person: str) -> None:
        path = orl_manifest().root / person / f"{self._random.choice(SHOTS)}.pgm"
        (face,) = self._client.identify(path)
        assert face.box == self._boxes[path], "the box is that of another photograph"
        known = self.there[person]
        if known and hashlib.sha256(path.read_bytes()).hexdigest() in known:
            assert face.candidates[0].person == person and face.candidates[0].cosine > 0.99, (person, face)
        assert face.person in (person, None) or not known, (person, face)

    def _enrol(self, person: str) -> None:
        path = orl_manifest().root / person / f"{self._random.choice(SHOTS)}.pgm"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in self.there[person]:
            self.unsure.add(digest)
        (done,) = self._client.enrol(person, path, force=True)
        assert done.status in ("enrolled", "known") and done.id is not None
        self.there[person][digest] = done.id
        self.unsure.discard(digest)

    def _delete(self, person: str) -> None:
        if not self.there[person]:
            return
        digest = self._random.choice(sorted(self.there[person]))
        number = self.there[person].pop(digest)
        self.unsure.add(digest)
        self._client.remove_photograph(number)
        self.unsure.discard(digest)


def test_2000_requests_of_8_clients_with_20_kills(tmp_path: Path) -> None:
    where, root = tmp_path / "people.db", orl_manifest().root
    with Gallery.open(where) as gallery:
        paths = [root / f"s{person}" / f"{shot}.pgm" for person in range(1, 41) for shot in SHOTS]
        boxes = {path: rounded(gallery.find_faces(path).faces[0].box) for path in paths}
    server = Server(where, 8977, tmp_path / "log")
    clients = [Client(number, server.address, boxes) for number in range(CLIENTS)]
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
        time.sleep(0.05)
        if kills < KILLS and sum(client.done for client in clients) >= (kills + 0.5) * REQUESTS / KILLS:
            server.kill()
            kills += 1
            server.begin()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert errors == [] and kills == KILLS
    with GalleryClient(server.address) as client:
        checked = client.check()
        people = {person.name: {each.sha256 for each in person.photographs} for person in client.people()}
    server.kill()
    assert checked.problems == []
    for each in clients:
        for person, photographs in each.there.items():
            found = people.get(person, set())
            assert set(photographs) - found <= each.unsure and found - set(photographs) <= each.unsure, person
    log = (tmp_path / "log").read_text()
    assert '"status": 5' not in log.replace('"status": 503', ""), "no request failed in the server"
    tell(clients, took)


def rounded(box: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(side, 1) for side in box)


def tell(clients: list[Client], took: float) -> None:
    cells = []
    for kind in ("identify", "enrol", "delete"):
        milliseconds = 1000 * np.concatenate([client.seconds[kind] for client in clients])
        low, middle, high = np.percentile(milliseconds, (5, 50, 95))
        cells.append(
            {
                "request": kind,
                "number": str(len(milliseconds)),
                "p5 (ms)": f"{low:.0f}",
                "p50 (ms)": f"{middle:.0f}",
                "p95 (ms)": f"{high:.0f}",
            }
        )
    print_tables([Table(f"{REQUESTS:,} requests of {CLIENTS} clients, {KILLS} kills, {took:.0f} s", cells)])
