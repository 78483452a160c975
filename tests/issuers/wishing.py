"""A tenant whose rule does what the call wishes: so it answers for whatever rules could do."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import anyio
import httpx2
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.issuers.kinds import read_secret
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from engine.capability import TOKENS
from engine.redaction import SECRET_NAMES
from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.service import Running

JSON = dict[str, Any]

RULE = """
wish = context.issuer.request.wish
for token, part in (('idToken', wish.identity), ('accessToken', wish.access)):
    for name, value in part['set']:
        context[token][name] = value
    for name in part['remove']:
        context[token].pop(name, None)
lifetime = context.get('lifetime', {})
for token, seconds in wish['lifetime'].items():
    lifetime[token] = seconds
context.lifetime = lifetime
"""

HIDDEN = {name.replace("_", "") for name in SECRET_NAMES}
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
# A record hides what stands under these.
MEMBERS = TEXTS.filter(lambda name: re.sub("[_-]", "", name.lower()) not in HIDDEN)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=3),
    max_leaves=5,
)


class Answered(NamedTuple):
    response: httpx2.Response
    body: Any
    record: JSON


def wishes(names: st.SearchStrategy[str]) -> st.SearchStrategy[JSON]:
    """What rules do to both tokens, to claims of these names. No member is named as a token is: a record would hide
    what it says."""
    of_token = st.fixed_dictionaries(
        {"set": st.lists(st.tuples(names, VALUES), max_size=6), "remove": st.lists(names, max_size=3)}
    )
    lifetime = st.dictionaries(st.sampled_from(TOKENS), st.sampled_from([1, 299, 300, 3600, 86_400, 86_401]))
    return st.fixed_dictionaries({"identity": of_token, "access": of_token, "lifetime": lifetime})


class Wishing:
    def __init__(self, service: Running, issuer: str, tenant: str) -> None:
        self._service, self._issuer, self._tenant = service, issuer, tenant

    @classmethod
    async def of(cls, service: Running, issuer: str, how: JSON | None = None) -> Wishing:
        secrets = {"key": SECRETS[issuer]}
        return cls(service, issuer, await hooked(service, issuer, secrets=secrets, rules=[RULE], settings=how))

    async def ask(self, request: JSON, wish: JSON) -> Answered:
        body = json.dumps({**request, "wish": wish}).encode()
        secret = read_secret(msgspec.json.encode(SECRETS[self._issuer]))
        headers = signed(secret, ISSUERS[self._issuer].scheme, body, time.time())
        headers["content-type"] = "application/json"
        response = await call(self._service, self._issuer, self._tenant, headers, body)
        record = await self._service.record(response.headers["claimsmith-execution"], self._tenant)
        return Answered(response, json.loads(response.content) if response.content else None, record)


async def every(
    strategy: st.SearchStrategy[Any], one: Callable[[Any], Coroutine[Any, Any, None]], examples: int = 150
) -> None:
    """`one` for each of so many examples, and of fewer letters until it fails no more."""

    def search() -> None:
        @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(strategy)
        def run(example: Any) -> None:
            anyio.from_thread.run(one, example)

        run()

    await anyio.to_thread.run_sync(search)
