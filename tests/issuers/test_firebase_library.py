"""Our reading of Firebase's blocking functions, against Google's own library for them (`firebase-functions`, and
`firebase-admin`, which verifies for it). They are installed beside this file, once (`google/package.json`)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.issuers import firebase
from api.issuers.issuer import Cause, Refusal
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from engine.models import HookSettings
from tests.issuers.firebase_tokens import ADDRESS, PROJECT, token
from tests.issuers.test_cases import read as cases
from tests.issuers.test_cases import request_of
from tests.issuers.test_firebase import CALL, WRONG
from tests.jwks import JwksServer, public_pem
from tests.node import NODE, absent, install

GOOGLE = Path(__file__).parent / "google"
# Any address in which ours stands is one to the library; and it neither looks for an end nor for a beginning.
STRICTER = {"the function of another tenant", "any address below", "no end", "made tomorrow"}
JSON = dict[str, Any]


@pytest.fixture
def certificates() -> Iterator[JwksServer]:
    """As Google publishes them for its library: PEM, by key id."""
    server = JwksServer()
    server.document = {"rsa": public_pem().decode()}
    yield server
    server.close()


def google(certificates: str = "http://127.0.0.1:9/", **asked: JSON) -> JSON:
    if reason := install(GOOGLE):
        absent(reason)
    assert NODE is not None
    everything = {"project": PROJECT, "audience": ADDRESS, "certificates": certificates}
    text = json.dumps({"tokens": {}, "calls": {}, "answers": {}, **everything, **asked})
    done = subprocess.run([NODE, GOOGLE / "library.js"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made: JSON = json.loads(done.stdout.splitlines()[-1])
    return made


def test_whom_it_refuses_we_refuse(certificates: JwksServer) -> None:
    """And it takes the calls that the tests make, signature included."""
    made = {name: wrong() for name, wrong in WRONG.items()}
    made |= {"ours": token(CALL), "several": token(CALL, aud=["another", ADDRESS])}
    said = google(certificates.url, tokens=made)["tokens"]
    assert {name for name, why in said.items() if not why} == STRICTER | {"ours", "several"}
    assert "algorithm" in said["HS256 with the public key"] and "signature" in said["RS256 that is an HMAC"]


def test_our_calls_are_calls_of_google() -> None:
    """And what rules get of them is what a function would."""
    calls: dict[str, JSON] = {
        f"case {number}": json.loads(request_of("firebase", case))
        for number, case in enumerate(cases("firebase"))
        if "call" in case and case.get("status") != 400
    }
    calls |= calls_of(ISSUERS["firebase"])
    # The library takes a list of providers for granted; Google always sends one.
    calls = {name: call for name, call in calls.items() if call["user_record"].get("provider_data") is not None}
    assert len(calls) > 60
    for name, read in google(calls=calls)["calls"].items():
        user, event, call = read["user"], read["context"], calls[name]
        asked = firebase.parse(call, HookSettings())
        ours = asked.user or {}
        assert ours["user_id"] == user["uid"]
        pairs = {"email": "email", "name": "displayName", "picture": "photoURL", "phone_number": "phoneNumber"}
        pairs |= {"email_verified": "emailVerified", "app_metadata": "customClaims"}
        for mine, theirs in pairs.items():
            assert ours.get(mine) == user.get(theirs), mine
        providers = [{"provider": one["providerId"], "user_id": one.get("uid")} for one in user["providerData"]]
        assert ours.get("identities", []) == providers
        assert asked.context["request"].get("ip") == event.get("ipAddress")
        assert asked.context["request"].get("userAgent") == event.get("userAgent")
        assert event["additionalUserInfo"]["isNewUser"] is (not asked.capability.tokens)
        tenant = event["resource"]["name"].partition("/tenants/")[2]
        assert asked.context.get("organization", {}).get("id", "") == tenant
        assert asked.context.get("connection", "") == event["eventType"].partition(":")[2]
        if "created_at" in ours:
            made = time.strptime(user["metadata"]["creationTime"], "%a, %d %b %Y %H:%M:%S GMT")
            assert ours["created_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", made)


def test_it_would_have_answered_as_we_do() -> None:
    """Each answer of the cases that sets claims, members and mask; and its limit is ours, character by character."""
    ours = {case["name"]: case["answer"] for case in cases("firebase") if "userRecord" in (case.get("answer") or {})}
    assert len(ours) > 40
    asked = {
        name: {"event": "beforeSignIn", "claims": answer["userRecord"]["sessionClaims"]}
        for name, answer in ours.items()
    }
    assert google(answers=asked)["answers"] == ours


def test_what_it_refuses_to_set() -> None:
    claims: dict[str, JSON] = {name: {name: "x"} for name in firebase.RESERVED}
    claims |= {"too much": {"a": "x" * 993}, "too much in two": {"a": "🎉" * 497}}
    answers = google(answers={name: {"event": "beforeSignIn", "claims": one} for name, one in claims.items()})[
        "answers"
    ]
    taken = {name for name, answer in answers.items() if "error" not in answer}
    # Those that its emulator overwrites, which test_firebase_emulator.py has seen.
    assert taken == {"email", "email_verified", "phone_number", "provider_id", "user_id", "sub"}
    assert answers["too much"]["status"] == 400


@pytest.mark.parametrize(
    ("cause", "code"),
    [("denied", "permission-denied"), ("failed", "internal"), ("unavailable", "unavailable"),
     ("invalid", "invalid-argument"), ("unauthenticated", "unauthenticated")],
)  # fmt: skip
def test_it_says_no_as_we_do(cause: Cause, code: str) -> None:
    if reason := install(GOOGLE):
        absent(reason)
    assert NODE is not None
    script = (
        "const { HttpsError } = require(process.argv[1]); const made = new HttpsError(process.argv[2], 'why');"
        "console.log(JSON.stringify([made.httpErrorCode.status, { error: made.toJSON() }]));"
    )
    library = GOOGLE / "node_modules/firebase-functions/lib/common/providers/https.js"
    done = subprocess.run([NODE, "-e", script, library, code], capture_output=True, text=True, check=True, timeout=60)
    reply = firebase.refuse(Refusal(cause=cause, text="why"))
    assert json.loads(done.stdout) == [reply.status, reply.body]
