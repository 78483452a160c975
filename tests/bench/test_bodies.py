"""Made-up logins and the five rules: the same for everybody, accepted by the service, and what they come to."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.execute import Envelope
from bench.bodies import bodies
from bench.peers.python import KINDS
from bench.servers import RULES
from tests.service import running

USER: dict[str, Any] = {
    "user_id": "auth0|1",
    "email": "ada.lovelace@EXAMPLE.com",
    "permissions": ["read:reports", "write:reports", "read:keys"],
    "app_metadata": {"roles": ["admin", "auditor"], "plan": "gold"},
}
CLAIMS = {
    "https://example.com/permissions": ["read:reports", "write:reports", "read:keys"],
    "https://example.com/plan": "gold",
    "https://example.com/roles": ["administrator", "auditor"],
    "https://example.com/staff": True,
    "https://example.com/initials": "al",
    "https://example.com/country": "unknown",
}
ACCESS = {
    "https://example.com/roles": ["administrator", "auditor"],
    "https://example.com/readable": ["reports", "keys"],
}


def context() -> dict[str, Any]:
    return {"clientID": "client", "request": {}, "idToken": {}, "accessToken": {}}


def test_bodies_are_the_same_every_time_and_unlike_each_other() -> None:
    assert bodies(20) == bodies(20)
    assert len(set(bodies(20))) == 20
    assert bodies(20, seed=1) != bodies(20)


@pytest.mark.parametrize("size", [3_000, 10_000, 100_000])
def test_bodies_have_about_the_size_that_was_asked_for(size: int) -> None:
    assert abs(statistics.mean(map(len, bodies(20, size))) - size) < size / 10


def test_bodies_are_valid_and_one_line_each() -> None:
    for body in bodies(50):
        msgspec.json.decode(body, type=Envelope)
        assert b"\n" not in body


def test_bodies_leave_out_what_rules_have_to_do_without() -> None:
    users = [msgspec.json.decode(body)["user"] for body in bodies(100)]
    assert {"permissions" in user for user in users} == {True, False}
    assert {"roles" in user["app_metadata"] for user in users} == {True, False}
    assert any(not user["email"].isascii() for user in users)


@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_give_what_they_say_in_every_python_peer(kind: str) -> None:
    decide = KINDS[kind]([path.read_text() for path in RULES])
    _, answer = decide((USER, context()))
    assert (answer["idToken"], answer["accessToken"]) == (CLAIMS, ACCESS)


@pytest.mark.anyio
async def test_the_rules_are_accepted_without_a_word_and_give_the_same_claims_here(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        for path in RULES:
            assert await service.validity.check(path.read_text()) == []
            await service.add(path.stem, "", script=path.read_text())
        answer = await service.execute(USER, context())
    assert (answer["idToken"], answer["accessToken"]) == (CLAIMS, ACCESS)
    assert answer["warnings"] == []
