"""Versions of the database's schema, each with the step to it (alembic)."""
