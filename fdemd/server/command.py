"""``fdemd gallery``, with ``serve``, ``stop-shards`` and ``key`` beside the commands of the gallery itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fdemd.gallery import command as gallery_command
from fdemd.gallery.command import AddCommand, add_choices_for_new

_RAY = "the Ray cluster that keeps the faces in memory; auto: the one that this machine belongs to"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status, see :func:`fdemd.gallery.command.main`."""
    return gallery_command.main(argv, (_add_serve, _add_stop_shards, _add_key))


def _add_serve(command: AddCommand) -> None:
    serve = command("serve", "serve the gallery to programs and browsers, over HTTP")
    serve.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="address to listen at (default: 127.0.0.1, this machine)"
    )
    serve.add_argument("--port", metavar="NUMBER", type=_port, default=8000, help="port (default: 8000; 0: a free one)")
    serve.add_argument(
        "--workers", metavar="NUMBER", type=_count, default=1, help="processes, each with all of it (default: 1)"
    )
    cluster = serve.add_argument_group("on many machines")
    cluster.add_argument("--ray", metavar="ADDRESS", help=_RAY)
    cluster.add_argument(
        "--shards", metavar="NUMBER", type=_count, default=8, help="parts that the faces are split into (default: 8)"
    )
    cluster.add_argument(
        "--replicas", metavar="NUMBER", type=_count, default=2, help="copies of each part (default: 2)"
    )
    add_choices_for_new(serve)
    serve.set_defaults(work=_serve)


def _add_stop_shards(command: AddCommand) -> None:
    stop = command("stop-shards", "stop the shards of the gallery, which outlive the servers that use them")
    stop.add_argument("--ray", metavar="ADDRESS", default="auto", help=_RAY)
    stop.set_defaults(work=_stop_shards)


def _add_key(command: AddCommand) -> None:
    key = command("key", "make, list or revoke keys of the server")
    key.add_argument("action", choices=("create", "list", "revoke"))
    key.add_argument("name", metavar="NAME", nargs="?", help="whose key it is; it stands in the audit log")
    key.add_argument(
        "--role", choices=("read", "admin"), default="read", help="may only ask, or also change (default: read)"
    )
    key.set_defaults(work=_key)


def _serve(arguments: argparse.Namespace) -> int:
    from fdemd.server.serve import serve  # torch takes seconds to import; --help is told at once

    return serve(arguments)


def _stop_shards(arguments: argparse.Namespace) -> int:
    from fdemd.server.serve import stop_shards

    return stop_shards(arguments)


def _key(arguments: argparse.Namespace) -> int:
    from fdemd.server.key_commands import KEY_COMMANDS

    return KEY_COMMANDS[arguments.action](arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; it is a number up to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of them; it is 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
