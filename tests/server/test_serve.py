"""A server as it is started from the command line, on real photographs."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fdemd.data.sources import orl_manifest
from fdemd.gallery.command import main as gallery_main
from fdemd.server.client import GalleryClient
from fdemd.server.command import main
from tests.server.made_server import ROOT, wait_until_up

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery with dlib's network, and strangers for its thresholds."""
    folder, root = tmp_path_factory.mktemp("served"), orl_manifest().root
    for number in range(11, 31):
        (folder / "strangers" / f"s{number}").mkdir(parents=True)
        (folder / "strangers" / f"s{number}" / "1.pgm").write_bytes((root / f"s{number}/1.pgm").read_bytes())
    people = ["--gallery", str(folder / "people.db"), "--backbone", "dlib", "--detector", "dlib"]
    words = ["enrol", *people, "--cohort", str(folder / "strangers"), "--person", "s1", str(root / "s1/1.pgm")]
    assert gallery_main(words) == 0
    return folder / "people.db"


@pytest.fixture
def running(made: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and its address."""
    command = [sys.executable, "-m", "fdemd", "gallery", "serve", "--gallery", str(made), "--port", "0"]
    process = subprocess.Popen(
        [*command, *getattr(request, "param", [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    address = re.search(r"at (http://\S+) ", process.stdout.readline())
    assert address is not None
    wait_until_up(address[1])
    yield process, address[1]
    process.kill()
    process.communicate()


def test_a_newcomers_server(running: tuple[subprocess.Popen[str], str]) -> None:
    process, address = running
    root = orl_manifest().root
    with GalleryClient(address) as gallery:
        assert gallery.enrol("s2", [root / "s2/1.pgm", root / "s2/2.pgm"])[1].status == "enrolled"
        assert [each.person for each in gallery.identify(root / "s1/5.pgm")] == ["s1"]
        assert [each.person for each in gallery.identify(root / "s2/5.pgm")] == ["s2"]
        gallery.remove("s2")
    process.terminate()
    assert process.stdout is not None and process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()  # communicate() misses what was read along with the address
    assert process.wait(60) == 143, err
    assert "There is no key: everybody on this machine may read and change the gallery" in out
    assert err.splitlines()[-1].startswith("gallery: stopped by SIGTERM")
    assert all(line.startswith('{"time": ') for line in err.splitlines()[:-1])


def test_without_a_key_it_listens_nowhere_else(made: Path, capsys: Captured) -> None:
    assert main(["serve", "--gallery", str(made), "--host", "0.0.0.0"]) == 2
    told = capsys.readouterr()
    assert (
        "at 0.0.0.0 everybody who reaches this machine could read and change the gallery; make a key"
        in told.err.lower()
    )


def test_an_address_that_is_taken_is_told(made: Path, capsys: Captured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--gallery", str(made), "--port", str(port)]) == 2
    assert f"the server cannot listen at 127.0.0.1, port {port} (Address already in use" in capsys.readouterr().err


def test_a_package_that_is_missing_is_told(made: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.server.serve._NEEDED", ("no_such_package",))
    assert main(["serve", "--gallery", str(made)]) == 2
    assert "a server needs no_such_package; pip install 'fdemd[server]'" in capsys.readouterr().err.lower()


@pytest.mark.slow
@pytest.mark.parametrize("running", [["--workers", "2"]], indirect=True)
def test_several_processes_are_one_server(running: tuple[subprocess.Popen[str], str]) -> None:
    root = orl_manifest().root
    for number in range(8):
        with GalleryClient(running[1]) as gallery:  # each connection may be taken by another process
            gallery.enrol(f"s{number + 2}", root / f"s{number + 2}/1.pgm")
            assert f"s{number + 2}" in [person.name for person in gallery.people()]
    process, address = running
    process.kill()
    process.wait()
    port = int(address.rpartition(":")[2])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return  # no worker outlives the server that began it
    pytest.fail("the address is still taken")


@pytest.mark.slow
def test_a_server_on_a_cluster(made: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the processes of the cluster import fdemd
    root = orl_manifest().root
    with ray.init("local", num_cpus=2, namespace="fdemd", include_dashboard=False, log_to_driver=False):
        where = ["--gallery", str(made), "--ray", ray.get_runtime_context().gcs_address]
        command = [sys.executable, "-m", "fdemd", "gallery", "serve", *where, "--shards", "2", "--replicas", "1"]
        process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            assert process.stdout is not None
            address = re.search(r"at (http://\S+) ", process.stdout.readline())
            assert address is not None
            wait_until_up(address[1])
            with GalleryClient(address[1]) as gallery:
                assert gallery.enrol("s3", root / "s3/1.pgm")[0].status == "enrolled"
                assert [each.person for each in gallery.identify(root / "s3/5.pgm")] == ["s3"]
                gallery.remove("s3")
        finally:
            process.kill()
            process.communicate()
        assert main(["stop-shards", *where]) == 0
    assert "2 replicas of shards of" in capsys.readouterr().out
