"""Identifiers of executions."""

from __future__ import annotations

import os
import random
import re

from engine.execution_id import CHANCE, LAST, execution_id, first_id, last_id

NOW = 1_800_000_000_123_456_789


def test_form() -> None:
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", execution_id(NOW, os.urandom(CHANCE)))
    assert execution_id(0, bytes(CHANCE)).startswith("0000000000")
    assert execution_id((1 << 48) * 1_000_000 - 1, bytes(CHANCE)).startswith("7ZZZZZZZZZ")


def test_they_sort_by_time() -> None:
    clocks = [NOW + number * 1_000_000 for number in range(2000)]
    ids = [execution_id(clock, os.urandom(CHANCE)) for clock in random.Random(1).sample(clocks, len(clocks))]
    assert sorted(ids) == [name for _, name in sorted((name[:10], name) for name in ids)]
    assert [execution_id(clock, os.urandom(CHANCE))[:10] for clock in clocks] == sorted(name[:10] for name in ids)
    assert len({name[:10] for name in ids}) == len(clocks)


def test_they_sort_within_a_millisecond() -> None:
    """Logins that come one after the other, as a list of them has them."""
    ids = [execution_id(NOW - NOW % 1_000_000 + 1000 * number, os.urandom(CHANCE)) for number in range(1000)]
    assert sorted(ids) == ids
    assert len({name[:10] for name in ids}) == 1


def test_they_are_unique_within_a_moment() -> None:
    ids = {execution_id(NOW, os.urandom(CHANCE)) for _ in range(100_000)}
    assert len(ids) == 100_000
    assert len({name[:10] for name in ids}) == 1


def test_the_first_and_the_last_of_a_moment() -> None:
    for chance in (bytes(CHANCE), os.urandom(CHANCE), b"\xff" * CHANCE):
        assert last_id(NOW - 1_000_000) < first_id(NOW) <= execution_id(NOW, chance) <= last_id(NOW)
    assert first_id(-1) == first_id(0) <= last_id(LAST) == last_id(2 * LAST)
