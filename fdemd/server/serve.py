"""Running the server: its address, its processes, and its end."""

from __future__ import annotations

import argparse
import json
import os
import socket
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import asdict
from importlib.util import find_spec
from threading import Thread
from typing import Any

from fdemd.data.workers import end_with_parent
from fdemd.errors import InputError
from fdemd.gallery.cluster import opening
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.commands import open_or_make
from fdemd.gallery.database import Database
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.occlusions import CLEAN, KINDS
from fdemd.report.table import print_sentence
from fdemd.server.access import is_local
from fdemd.server.keys import has_keys

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
_WORKER = "FDEMD_SERVER"
"""Variable that tells a worker process what it serves."""
_LAST_REQUESTS = 30
"""Seconds that running requests have to end when the server is stopped."""
_LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"lines": {"class": "fdemd.server.log.JsonLines"}},
    "loggers": {"uvicorn": {"handlers": ["lines"], "level": "WARNING", "propagate": False}},
}


_HOW: dict[str, Any] = {
    "log_config": _LOG,
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": _LAST_REQUESTS,
}


def serve(arguments: argparse.Namespace) -> int:
    """Serve a gallery until the process is told to stop.

    Raises:
        InputError: The address is taken or would be open to everybody, or a package is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(f"A server needs {missing[0]}; pip install 'fdemd[server]'.")
    cluster = None if arguments.ray is None else Cluster(arguments.ray, arguments.shards, arguments.replicas)
    gallery = open_or_make(arguments, cluster)
    with gallery.database.read() as session:
        keyless = not has_keys(session)
    if keyless and not is_local(arguments.host):
        gallery.close()
        raise InputError(
            f"At {arguments.host} everybody who reaches this machine could read and change the gallery; make a key "
            "first: fdemd gallery key create NAME --role admin."
        )
    listening = _listen(arguments.host, arguments.port)
    _tell(gallery, listening, arguments.host, keyless=keyless)
    _run(gallery, listening, arguments, cluster, keyless=keyless)
    return 0


def stop_shards(arguments: argparse.Namespace) -> int:
    """Stop the shards of a gallery on a cluster.

    Raises:
        InputError: There is no such gallery, the cluster cannot be reached, or Ray is missing.
    """
    with closing(Database(arguments.gallery, create=False)) as database:
        count = opening.stop_shards(arguments.ray, database)
    print_sentence(f"{count:,} replicas of shards of {database.name} were stopped.")
    return 0


def worker_app() -> object:
    """Return the application of a worker process, whose gallery the process that began it names."""
    from fdemd.server.access import Access
    from fdemd.server.app import create_app

    end_with_parent()  # or it would hold the address of a server that was killed
    facts = json.loads(os.environ[_WORKER])
    cluster = None if facts["cluster"] is None else Cluster(**facts["cluster"])
    gallery = Gallery.open(facts["gallery"], cluster=cluster, create=False)
    _measure(gallery)
    return create_app(gallery, Access(gallery.database, keyless=facts["keyless"]))


def _run(
    gallery: Gallery,
    listening: socket.socket,
    arguments: argparse.Namespace,
    cluster: Cluster | None,
    *,
    keyless: bool,
) -> None:
    import uvicorn

    from fdemd.server.access import Access
    from fdemd.server.app import create_app

    if arguments.workers == 1:
        _measure(gallery)
        app = create_app(gallery, Access(gallery.database, keyless=keyless))
        uvicorn.Server(uvicorn.Config(app, **_HOW)).run(sockets=[listening])
        return
    where = None if cluster is None else asdict(cluster)
    os.environ[_WORKER] = json.dumps({"gallery": str(arguments.gallery), "keyless": keyless, "cluster": where})
    gallery.close()
    port = listening.getsockname()[1]
    listening.close()
    uvicorn.run(
        "fdemd.server.serve:worker_app",
        factory=True,
        workers=arguments.workers,
        host=arguments.host,
        port=port,
        **_HOW,
    )


def _measure(gallery: Gallery) -> None:
    """Measure the thresholds before somebody waits for them; those that need something drawn, in the background."""

    def measure(kinds: Iterable[str]) -> None:
        for kind in kinds:
            with suppress(InputError):  # whoever asks for a rate that this gallery cannot tell hears so
                gallery.threshold(worn=kind)

    measure([CLEAN])
    Thread(target=measure, args=(KINDS,)).start()


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is said of it."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise InputError(f"The server cannot listen at {host}, port {port} ({error.strerror or error}).") from error
    return listening


def _tell(gallery: Gallery, listening: socket.socket, host: str, *, keyless: bool) -> None:
    people, photographs = gallery.size
    name, port = f"[{host}]" if ":" in host else host, listening.getsockname()[1]
    print_sentence(
        f"Serving {people:,} people with {photographs:,} photographs at http://{name}:{port} (Ctrl-C stops)."
    )
    if keyless:
        print_sentence(
            "There is no key: everybody on this machine may read and change the gallery. Make one with: fdemd gallery "
            "key create NAME --role admin."
        )
    if not is_local(host):
        print_sentence(
            "WARNING: there is no TLS, so that keys and faces can be read on their way; put a reverse proxy with HTTPS "
            "before it."
        )
