"""What a service says was changed (`GET /v1/audit`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change."""

    id: str
    tenant: str | None
    at: datetime
    by: str
    act: str
    what: str | None
    revision: int | None
    before: Any
    after: Any


class Page(msgspec.Struct, frozen=True):
    entries: list[Entry]
    cursor: str | None
