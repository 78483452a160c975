"""Run by Alembic for every upgrade, on the connection and inside the transaction that `engine.store.database`
opened and locked. There is no other way to migrate, so there is no offline mode."""

from __future__ import annotations

from alembic import context

from engine.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
