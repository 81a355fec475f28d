"""Keys of servers, and in the change log whose key a change was asked for with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them; earlier changes were nobody's."""
    op.add_column("gallery_change", sa.Column("actor", sa.String(200)))
    op.create_table(
        "gallery_key",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("made", sa.DateTime(), nullable=False),
    )
