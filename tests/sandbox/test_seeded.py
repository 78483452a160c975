"""What a rule asks of the world is the execution's: one clock, one seed, the same answers at every replay."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.members import MEMBERS
from sandbox.pool import Pool
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

# module: calls that are drawn from the seed.
CALLS: dict[str, list[str]] = {
    "random": """random() uniform(0,1) triangular(0,1) betavariate(1,1) expovariate(1) gammavariate(1,1) gauss(0,1)
    lognormvariate(0,1) normalvariate(0,1) paretovariate(1) vonmisesvariate(0,1) weibullvariate(1,1) randint(0,10**12)
    randrange(10**12) getrandbits(64) randbytes(9).hex() choice(range(10**12)) choices(range(10**12),k=2)
    sample(range(10**12),2) shuffle(xs)""".split(),
    "secrets": """choice(range(10**12)) randbelow(10**12) randbits(64) token_bytes(9).hex() token_hex(9)
    token_urlsafe(9)""".split(),
    "uuid": ["uuid4().hex"],
}
# Members that are the same whatever the seed is.
FIXED = {"secrets": {"compare_digest"}, "uuid": MEMBERS["uuid"] - {"uuid4"}}


@pytest.mark.parametrize("module", CALLS)
def test_every_member_that_is_drawn_stands_here(module: str) -> None:
    assert {call.partition("(")[0] for call in CALLS[module]} == MEMBERS[module] - FIXED.get(module, set())


async def drawn(pool: Pool, module: str, **changes: Any) -> dict[str, Any]:
    body = f"import {module} as m\nxs = list(range(50))\n"
    body += "".join(f"context.idToken['{call}'] = m.{call}\n" for call in CALLS[module])
    return await trial.claims(
        pool, rule(body + "context.idToken['shuffle(xs)'] = xs\n" * (module == "random")), **changes
    )


@pytest.mark.parametrize("module", CALLS)
async def test_the_seed_decides(pool: Pool, module: str) -> None:
    first = await drawn(pool, module, key="one")
    again = await drawn(pool, module, key="two")
    assert first == again
    other = await drawn(pool, module, seed=b"another seed of thirty-two bytes")
    assert [call for call in first if first[call] == other[call]] == []


async def test_two_rules_of_one_execution_do_not_draw_the_same(pool: Pool) -> None:
    script = rule("import uuid\ncontext.idToken.setdefault('ids', []).append(str(uuid.uuid4()))")
    first, second = (await trial.claims(pool, script, script))["ids"]
    assert first != second


# Everything that tells the time.
CLOCKS = """
time.time() time.time_ns() list(time.gmtime()) list(time.localtime()) time.strftime('%c')
str(datetime.datetime.now()) str(datetime.datetime.utcnow()) str(datetime.datetime.today()) str(datetime.date.today())
str(datetime.datetime.now(datetime.UTC)) str(datetime.datetime.now(zoneinfo.ZoneInfo('Asia/Tokyo')))
""".split()


async def test_the_clock_decides(pool: Pool) -> None:
    body = "import datetime, time, zoneinfo\n" + "".join(f"context.idToken[{c!r}] = {c}\n" for c in CLOCKS)
    first = await trial.claims(pool, rule(body), key="one")
    assert first == await trial.claims(pool, rule(body), key="two")
    later = await trial.claims(pool, rule(body), clock=trial.CLOCK + 2 * 86_400_000_000_000)
    assert [call for call in first if first[call] == later[call]] == []


# name: (claims of the token, seconds after which it is read, exception or None)
TIMES: dict[str, tuple[str, int, str | None]] = {
    "valid": ("{'exp': now + 10, 'nbf': now, 'iat': now}", 0, None),
    "expired": ("{'exp': now + 10}", 10, "ExpiredSignatureError"),
    "not yet": ("{'nbf': now + 10}", 0, "ImmatureSignatureError"),
    "issued later": ("{'iat': now + 10}", 0, "ImmatureSignatureError"),
    "no time": ("{'exp': 'soon'}", 0, "DecodeError"),
    "issued at no time": ("{'iat': [1]}", 0, "InvalidIssuedAtError"),
}


@pytest.mark.parametrize("name", TIMES)
async def test_tokens_are_checked_against_the_clock(pool: Pool, name: str) -> None:
    payload, later, error = TIMES[name]
    now = trial.CLOCK // 1_000_000_000
    script = rule(
        f"import jwt\nnow = {now}\ntoken = jwt.encode({payload}, 'secret')\n"
        "try:\n    context.idToken.got = jwt.decode(token, 'secret', algorithms=['HS256'])\n"
        "except jwt.PyJWTError as e:\n"
        "    names = 'ExpiredSignatureError ImmatureSignatureError InvalidIssuedAtError DecodeError'\n"
        "    kinds = [getattr(jwt, name) for name in names.split()]\n"
        "    context.idToken.error = [n for n, k in zip(names.split(), kinds) if isinstance(e, k)]\n"
    )
    claims = await trial.claims(pool, script, clock=trial.CLOCK + later * 1_000_000_000)
    assert claims.get("error", [None]) == [error]


# name: (call, exception)
TOKENS: dict[str, tuple[str, str]] = {
    "another key": ("jwt.decode(token, 'other', ['HS256'])", "InvalidSignatureError"),
    "changed": ("jwt.decode(token[:-2] + 'AA', 'secret', ['HS256'])", "InvalidSignatureError"),
    "another algorithm": ("jwt.decode(token, 'secret', ['HS512'])", "InvalidAlgorithmError"),
    "no algorithms": ("jwt.decode(token, 'secret')", "DecodeError"),
    "a string of algorithms": ("jwt.decode(token, 'secret', 'HS256')", "DecodeError"),
    "none": ("jwt.decode('eyJhbGciOiJub25lIn0.e30.', '', ['none'])", "InvalidAlgorithmError"),
    "none in capitals": ("jwt.decode('eyJhbGciOiJOb25lIn0.e30.', '', ['None'])", "InvalidAlgorithmError"),
    "an unknown algorithm": ("jwt.encode({}, 'k', 'RS256')", "InvalidAlgorithmError"),
    "no key": ("jwt.decode(token, '', ['HS256'])", "InvalidKeyError"),
    "two parts": ("jwt.decode('a.b', 'secret', ['HS256'])", "DecodeError"),
    "not base64": ("jwt.decode('a!.b.c', 'secret', ['HS256'])", "DecodeError"),
    "not an object": ("jwt.decode('W10.W10.', 'secret', ['HS256'])", "DecodeError"),
    "audience": ("jwt.decode(token, 'secret', ['HS256'], audience='me')", "InvalidAudienceError"),
    "no audience given": ("jwt.decode(token, 'secret', ['HS256'])", "InvalidAudienceError"),
    "issuer": ("jwt.decode(token, 'secret', ['HS256'], audience='you', issuer='x')", "InvalidIssuerError"),
    "required": (
        "jwt.decode(token, 'secret', ['HS256'], audience='you', options={'require': ['exp']})",
        "MissingRequiredClaimError",
    ),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_tokens_that_are_refused(pool: Pool, name: str) -> None:
    call, error = TOKENS[name]
    if name == "no algorithms":
        call = call.replace("'secret')", "'secret', audience='you')")
    result = await trial.answer(
        pool, rule(f"import jwt\ntoken = jwt.encode({{'aud': 'you', 'iss': 'i'}}, 'secret')\n{call}\n")
    )
    assert [message.partition(":")[0] for _, message, _ in trial.errors(result)] == [error]
