"""People and photographs in a database, and the name of who is on a photograph."""

from importlib.util import find_spec

from fdemd.errors import InputError

for _package in ("alembic", "scipy", "sqlalchemy"):
    if find_spec(_package) is None:
        raise InputError(f"The gallery needs {_package}, which is not installed; pip install 'fdemd[gallery]'.")
