"""Records that are sealed, and what they are found by. Earlier ones held no transaction, and go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("ix_executions_tenant_id", "executions")
    op.drop_table("executions")
    op.create_table(
        "executions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("client", sa.Text()),
        sa.Column("user_digest", sa.LargeBinary()),
        sa.Column("shape", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_executions"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_executions_tenant", ondelete="CASCADE"),
    )
    op.create_index("ix_executions_tenant_client_id", "executions", ["tenant", "client", "id"])
    op.create_index("ix_executions_tenant_user_digest_id", "executions", ["tenant", "user_digest", "id"])
    op.create_index("ix_executions_tenant_shape_id", "executions", ["tenant", "shape", "id"])
    other = sa.text("decision <> 'allow'")
    op.create_index(
        "ix_executions_tenant_decision_id",
        "executions",
        ["tenant", "decision", "id"],
        sqlite_where=other,
        postgresql_where=other,
    )
    op.create_table(
        "marks",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("shape", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "shape", "mark", name="pk_marks"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_marks_tenant", ondelete="CASCADE"),
    )
    op.create_index("ix_marks_tenant_mark_shape", "marks", ["tenant", "mark", "shape"])
    op.create_table(
        "record_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record_key"),
    )
