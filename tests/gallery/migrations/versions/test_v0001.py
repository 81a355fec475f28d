"""The first schema is what the models describe."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from fdemd.gallery.database import Database
from fdemd.gallery.schema import Base
from fdemd.gallery.versions import VERSION_TABLE


def test_the_migrations_lead_to_the_models(tmp_path: Path) -> None:
    Database(tmp_path / "people.db").close()
    with create_engine(f"sqlite:///{tmp_path / 'people.db'}").connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
