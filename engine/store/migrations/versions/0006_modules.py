"""Modules that the rules of a tenant share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("rules", sa.Column("imports", sa.Text()))
    op.create_table(
        "module_versions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", "number", name="pk_module_versions"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_module_versions_tenant", ondelete="CASCADE"),
    )
    op.create_index("ix_module_versions_sha256", "module_versions", ["sha256"])
