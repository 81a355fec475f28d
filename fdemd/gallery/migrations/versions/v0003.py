"""Faces as another network sees them, while a gallery is moved to it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BYTES = sa.LargeBinary()


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "gallery_moved",
        sa.Column(
            "photograph_id",
            _KEY,
            sa.ForeignKey("gallery_photograph.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("left", "top", "right", "bottom", "sharpness")),
        sa.Column("embedding", _BYTES, nullable=False),
        sa.Column("thumbnail", _BYTES, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("patches", _BYTES, nullable=False),
    )
