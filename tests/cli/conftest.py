"""A real service in its own process, and commands as people and machines run them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Commands, Terminal
from tests.test_lifecycle import Served, serving

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def no_terminal_is_left() -> Iterator[None]:
    yield
    Terminal.end_all()


@pytest.fixture
def commands(served: Served, tmp_path: Path) -> Commands:
    """Commands in a folder of their own, with a token for a tenant of their own."""
    tenant = f"cli{next(_numbers)}"
    with served.client() as client:
        assert client.put(f"/v1/tenants/{tenant}").status_code == 201
    secret = (served.data / "secret").read_text().strip()
    return Commands(served.address(), secret, tenant, tmp_path)
