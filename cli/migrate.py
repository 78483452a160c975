"""`claimsmith migrate`: the database, brought to the tables of this version before a service starts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from api.logs import set_up
from api.service import database_of
from api.settings import Settings
from engine.store.database import Database
from engine.store.migrating import newest


def migrated(data: Path | None, only_look: bool) -> tuple[str, bool]:
    """A line about what was done, or with `only_look` would be; and whether there was something to do. Raises
    `BadSetting` and `StoreError`."""
    settings = Settings.from_environ(os.environ, data=data)
    set_up(settings)
    return asyncio.run(_migrated(database_of(settings), only_look))


async def _migrated(url: str, only_look: bool) -> tuple[str, bool]:
    before, after = await Database.version(url), newest()
    if before is not None and before >= after:
        newer = f", newer than this version's {after}" if before > after else ""
        if not only_look:
            await (await Database.open(url)).close()  # says where it cannot work with newer ones
        return f"nothing to do: the tables are of version {before}{newer}", False
    if only_look:
        return f"to be done: from {before or 'an empty database'} to {after}", True
    await (await Database.open(url)).close()
    return f"done: from {before or 'an empty database'} to {after}", True
