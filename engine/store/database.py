"""The one place that knows which database it is: how to connect, begin, lock, migrate, and what its
failures mean.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import Connection, event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from engine.store.errors import Unavailable
from engine.store.migrating import migrate, present

ACCEPTED = "`sqlite:///path` or `postgresql://user@host/database`"

# Seconds. A database that hangs must become `Unavailable`, not a poll that never returns.
CONNECT_TIMEOUT = 5.0
STATEMENT_TIMEOUT = 60.0
POOL_TIMEOUT = 10.0
LOCK_TIMEOUT = 10.0

# Any number that no other program uses for an advisory lock in this database: "claimsmi" in ASCII.
MIGRATION_LOCK = int.from_bytes(b"claimsmi")

PAGE = 16_384  # bytes
# SQLSTATE classes that speak of the server and not of the statement: connection, authorisation, no such
# database, resources, operator intervention, system; 25006 is a standby that takes no writes.
SERVER_FAULTS = ("08", "28", "3D", "53", "57", "58", "25006")


@dataclass(frozen=True)
class Database:
    """Connections of two kinds: `reading` sees one snapshot during its transaction, `writing` may write."""

    engine: AsyncEngine
    reader: AsyncEngine
    writer: AsyncEngine
    turns: AbstractAsyncContextManager[None]

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connects and migrates to the newest tables; replicas that open at once migrate one after the other. Newer
        ones, with which this version can work, stay as they are.

        Raises ValueError for a URL of another kind of database, `Unavailable` where it cannot be reached or
        written, `Incompatible` where a newer Claimsmith has migrated it further than that.
        """
        database = cls._connecting(url)
        try:
            if database.file is not None:
                with database._unavailable():
                    await asyncio.to_thread(_prepare, database.file)
            async with database.writing() as connection:
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
                await connection.run_sync(migrate)
        except BaseException:
            await database.close()
            raise
        return database

    @classmethod
    async def version(cls, url: str) -> str | None:
        """That of the tables; None where there are none yet. Changes nothing. Raises as `open` does."""
        database = cls._connecting(url)
        try:
            if database.file is not None and not database.file.exists():
                return None
            async with database.reading() as connection:
                return await connection.run_sync(present)
        finally:
            await database.close()

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.engine.url.database) if self.engine.url.database else None

    @classmethod
    def _connecting(cls, url: str) -> Database:
        scheme = url.partition(":")[0]
        if scheme == "sqlite":
            engine = _sqlite(url)
            # SQLite makes writers wait by sleeping, longer each time, and lets the luckiest go first. Those
            # of this process can wait better; sleeping is left for writers of other processes.
            return cls(engine, engine, engine.execution_options(begin="BEGIN IMMEDIATE"), asyncio.Lock())
        if scheme in ("postgresql", "postgres"):
            engine = _postgresql(url)
            snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            return cls(engine, snapshot, engine, nullcontext())
        raise ValueError(f"database URL with scheme `{scheme}`: use {ACCEPTED}")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        with self._unavailable():
            async with self.reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        with self._unavailable():
            async with self.turns, self.writer.begin() as connection:
                yield connection

    async def close(self) -> None:
        await self.engine.dispose()

    @contextmanager
    def _unavailable(self) -> Iterator[None]:
        # The drivers name a server that fails, but not a file.
        where = f"`{self.file}`: " if self.file else ""
        try:
            yield
        except OSError as error:
            raise Unavailable(f"{where}{error.strerror or str(error) or type(error).__name__}") from error
        except (sqlite3.Error, exc.TimeoutError) as error:
            raise Unavailable(f"{where}{error}") from error
        except exc.DBAPIError as error:
            if not _speaks_of_the_server(error):
                raise
            raise Unavailable(f"{where}{error.orig}") from error


def _sqlite(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        parsed = URL.create("sqlite")
    if not parsed.database or parsed.database == ":memory:" or parsed.query or parsed.host:
        # In memory every connection would have its own database.
        raise ValueError(f"a database URL for SQLite names a file and nothing else: use {ACCEPTED}")
    engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"), pool_timeout=POOL_TIMEOUT)

    pragmas = (
        f"busy_timeout = {LOCK_TIMEOUT * 1000:.0f}",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        try:
            # Without this the driver begins transactions where it likes; `begin` below says where we do.
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:
            # A connection that fails here is not the pool's yet: nobody else would end its thread.
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE waits its turn here. A deferred transaction that turns to writing cannot wait, and fails
        # with "database is locked".
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _prepare(file: Path) -> None:
    if not file.parent.is_dir():
        raise sqlite3.OperationalError(f"the folder `{file.parent}` does not exist")
    if not file.exists():
        # Records of logins are for the service alone. SQLite gives its other files the same mode.
        file.touch(mode=0o600)
    # With sqlite3 itself: aiosqlite leaves a thread behind when it cannot open a file.
    with closing(sqlite3.connect(file)) as connection:
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                # Kept in the file, from its first table on: on larger pages a record costs half as much to store.
                connection.execute(f"PRAGMA page_size = {PAGE}")
                # Kept likewise. The one statement that does not wait for others, so we wait.
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)


def _postgresql(url: str) -> AsyncEngine:
    # asyncpg reads the URL itself: it knows libpq's parameters (sslmode, host=/socket), SQLAlchemy does not.
    async def connect(*_: Any, **options: Any) -> Any:
        return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT, command_timeout=STATEMENT_TIMEOUT, **options)

    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_pre_ping=True, pool_timeout=POOL_TIMEOUT
    )


def _speaks_of_the_server(error: exc.DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError):
        return True
    # sqlite3 raises the bare class for a file that is damaged or no database at all.
    if type(error) is exc.DatabaseError:
        return True
    return (getattr(error.orig, "sqlstate", None) or "").startswith(SERVER_FAULTS)
