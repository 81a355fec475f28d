"""Scores of strangers, so that thresholds are not measured anew by each process."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "gallery_calibration",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("scale", sa.String(64), primary_key=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
    )
