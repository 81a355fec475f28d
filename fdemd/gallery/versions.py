"""Which version of the schema a gallery's database has, and how an older one is brought up to date."""

from __future__ import annotations

from importlib.resources import files

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from fdemd.errors import InputError

VERSION_TABLE = "gallery_version"


def newest_version() -> str:
    """Return the version that this fdemd writes."""
    version = _scripts().get_current_head()
    assert version is not None
    return version


def is_empty(connection: Connection) -> bool:
    """Return whether a database has no table of a gallery's."""
    return not [name for name in inspect(connection).get_table_names() if name.startswith("gallery_")]


def bring_up_to_date(connection: Connection, where: str) -> None:
    """Bring an empty or older database to the newest schema, in the transaction of the connection: wholly or not.

    No copy of an older database is made: people who are deleted later would live on in it.

    Args:
        connection: A connection within a write transaction.
        where: Name of the database, for errors.

    Raises:
        InputError: A newer fdemd made the database, or something else did.
    """
    found, newest, scripts = _version(connection), newest_version(), _scripts()
    if found == newest:
        return
    known = {each.revision for each in scripts.walk_revisions()}
    if found is None and not is_empty(connection):
        raise InputError(f"{where} is no gallery of fdemd's: it does not say which version its tables have.")
    if found is not None and found not in known:
        raise InputError(
            f"{where} has version {found} of the schema, and this fdemd knows {newest} at most: a newer fdemd made it; "
            "upgrade fdemd."
        )
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "transactional_ddl": True,  # both SQLite and PostgreSQL undo a change of the schema that breaks off
            "fn": lambda revision, _: scripts._upgrade_revs("head", revision),  # as alembic's manual has it
        },
    )
    with Operations.context(context):
        context.run_migrations()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(files("fdemd.gallery") / "migrations").replace("%", "%%"))
    return ScriptDirectory.from_config(config)
