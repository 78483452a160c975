"""What a service says about the configuration: everything but the values."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Value(msgspec.Struct, frozen=True):
    key: str
    set_at: datetime
    set_by: str


class Values(msgspec.Struct, frozen=True):
    number: int
    values: list[Value]


class Changed(msgspec.Struct, frozen=True):
    number: int
