"""From the tables that are there to the newest ones, and what of older and newer replicas can work beside them.

A replica of an earlier version goes on with newer tables, also when it starts, as long as they only have more than it
knows: `OLDEST` says since when that is so. A migration that takes something away comes in two steps, a version apart:
first nobody uses it any more, then `OLDEST` is raised and it goes.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, select
from sqlalchemy.dialects.postgresql import insert

from engine.store.errors import Incompatible
from engine.store.tables import compatibility

log = structlog.get_logger("claimsmith.store")

MIGRATIONS = Path(__file__).with_name("migrations")
OLDEST = "0009"  # the oldest version of the tables whose code can work with the newest ones


def newest() -> str:
    """The version of the tables that this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there are migrations"
    return head


def present(connection: Connection) -> str | None:
    """The version of the tables that are there; None in an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(connection: Connection) -> None:
    """Bring the tables to the newest version, on a connection that nobody else migrates on meanwhile. Newer ones are
    left as they are. Raises `Incompatible` for those that this code cannot work with."""
    found, known = present(connection), newest()
    if found is not None and found > known:
        if (oldest := _oldest(connection)) is None or oldest > known:
            raise Incompatible(f"the tables are of version {found}, and this code knows {known}")
        log.info("the database is of a newer version, with which this one can work", tables=found, known=known)
        return
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Incompatible(str(error)) from error
    if found != known:
        # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
        values = insert(compatibility).values(id=1, oldest=OLDEST)
        connection.execute(values.on_conflict_do_update(index_elements=["id"], set_={"oldest": OLDEST}))
        log.info("the database was migrated", before=found or "empty", after=known)


def _oldest(connection: Connection) -> str | None:
    if not inspect(connection).has_table(compatibility.name):
        return None
    return connection.scalars(select(compatibility.c.oldest)).one_or_none()


def _config() -> Config:
    config = Config()
    # Alembic's options are read with % interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
