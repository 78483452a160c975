"""Secrets by which issuers' hooks show who calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("tenants", sa.Column("hook_secrets", sa.Text()))
    op.create_table(
        "hook_secrets",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "issuer", "id", name="pk_hook_secrets"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_hook_secrets_tenant", ondelete="CASCADE"),
    )
