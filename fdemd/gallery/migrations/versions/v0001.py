"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BYTES = sa.LargeBinary()


def upgrade() -> None:
    """Make the tables, as they were in this version: later ones may differ."""
    op.create_table(
        "gallery_setting",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("value", sa.String(), nullable=False),
    )
    op.create_table(
        "gallery_person",
        sa.Column("id", _KEY, sa.Identity(), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("enrolled", sa.DateTime(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gallery_photograph",
        sa.Column("id", _KEY, sa.Identity(), primary_key=True),
        sa.Column("person_id", _KEY, sa.ForeignKey("gallery_person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("enrolled", sa.DateTime(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("left", "top", "right", "bottom", "sharpness")),
        sa.Column("embedding", _BYTES, nullable=False),
        sa.Column("path", sa.String()),
        sa.Column("thumbnail", _BYTES),
        sa.Column("content", _BYTES),
        sa.UniqueConstraint("person_id", "sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_gallery_photograph_person_id", "gallery_photograph", ["person_id"])
    op.create_index("ix_gallery_photograph_sha256", "gallery_photograph", ["sha256"])
    op.create_table(
        "gallery_patches",
        sa.Column(
            "photograph_id",
            _KEY,
            sa.ForeignKey("gallery_photograph.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("data", _BYTES, nullable=False),
    )
    op.create_table(
        "gallery_cohort",
        sa.Column("id", _KEY, sa.Identity(), primary_key=True),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("embedding", _BYTES, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("patches", _BYTES, nullable=False),
        sa.Column("image", _BYTES, nullable=False),
    )
    op.create_table(
        "gallery_change",
        sa.Column("id", _KEY, sa.Identity(), primary_key=True),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("person_id", _KEY, nullable=False),
        sa.Column("photograph_id", _KEY),
        sqlite_autoincrement=True,
    )
