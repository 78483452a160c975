"""`claimsmith migrate`: what is to be done is said, and done."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from engine.store.migrating import newest
from tests.cli.command import claimsmith


def test_from_nothing_and_again(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    look = claimsmith("migrate", "--check", cwd=tmp_path)
    assert (look.code, look.out) == (1, f"to be done: from an empty database to {newest()}\n")
    assert not (tmp_path / "data" / "claimsmith.db").exists()
    done = claimsmith("migrate", cwd=tmp_path)
    assert (done.code, done.out) == (0, f"done: from an empty database to {newest()}\n")
    for words in (("migrate",), ("migrate", "--check")):
        again = claimsmith(*words, cwd=tmp_path)
        assert (again.code, again.out) == (0, f"nothing to do: the tables are of version {newest()}\n")


def test_newer_tables(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    claimsmith("migrate", cwd=tmp_path)
    with closing(sqlite3.connect(tmp_path / "data" / "claimsmith.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "newer than this version's" in claimsmith("migrate", cwd=tmp_path).out
    with closing(sqlite3.connect(tmp_path / "data" / "claimsmith.db")) as connection:
        connection.execute("UPDATE compatibility SET oldest = '9999'")
        connection.commit()
    refused = claimsmith("migrate", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "belongs to a newer version of claimsmith" in refused.err


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/none?host={tmp_path}"
    refused = claimsmith("migrate", cwd=tmp_path, DATABASE_URL=url, CLAIMSMITH_SECRET="s" * 40)
    assert refused.code == 2
    assert refused.err.startswith("claimsmith: the database is unavailable")
