"""What ``fdemd gallery key`` does and prints."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fdemd.errors import InputError
from fdemd.gallery.database import Database
from fdemd.report.table import Cells, Table, print_sentence, print_tables
from fdemd.server.keys import create_key, list_keys, revoke_key


def create(arguments: argparse.Namespace) -> int:
    """Make a key and print it, once."""
    with _database(arguments, create=True) as database, database.write() as session:
        key = create_key(session, _name(arguments), arguments.role)
    print(key)
    print_sentence(f"This is the key of {arguments.name}, role {arguments.role}; keep it, it cannot be told again.")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print whose keys there are."""
    with _database(arguments, create=False) as database, database.read() as session:
        keys = list_keys(session)
    cells: Sequence[Cells] = [{"key of": key.name, "role": key.role, "since": f"{key.made:%Y-%m-%d}"} for key in keys]
    if cells:
        print_tables([Table(f"Keys of {arguments.gallery}", cells, words=("key of", "role", "since"))])
    else:
        print_sentence("There are no keys.")
    return 0


def revoke(arguments: argparse.Namespace) -> int:
    """Make a key open nothing any more."""
    with _database(arguments, create=False) as database, database.write() as session:
        revoke_key(session, _name(arguments))
    print_sentence(f"The key of {arguments.name} opens nothing any more.")
    return 0


KEY_COMMANDS = {"create": create, "list": show, "revoke": revoke}
"""Name of a command -> what runs it."""


@contextmanager
def _database(arguments: argparse.Namespace, *, create: bool) -> Iterator[Database]:
    database = Database(arguments.gallery, create=create)
    try:
        yield database
    finally:
        database.close()


def _name(arguments: argparse.Namespace) -> str:
    if arguments.name is None:
        raise InputError(f"Say whose key: fdemd gallery key {arguments.action} NAME.")
    return str(arguments.name)
