"""A verdict's signature is over its payload as JavaScript writes it: that is how WorkOS's own library makes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from api.issuers import workos
from api.issuers.issuer import Refusal
from api.issuers.kinds import SigningKey
from engine.models import Revision
from engine.store.errors import Unavailable
from tests.issuers.hooked import call, hooked
from tests.node import NODE, needs_node
from tests.service import running

VERIFY = """
const { createHmac } = require("node:crypto");
const made = (payload) =>
  createHmac("sha256", "the-key").update(`${payload.timestamp}.${JSON.stringify(payload)}`).digest("hex");
const answers = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(answers.filter((answer) => made(answer.payload) !== answer.signature)));
"""
TEXTS = [*(chr(code) for code in range(0x100)), "\u2028\u2029\ufeff\uffff", "🎉", "</script>", "a/b\\u0041", "é" * 1000]


@needs_node
def test_javascript_verifies_every_verdict() -> None:
    key = SigningKey("the-key")
    verdicts = [workos.refuse(Refusal(cause="denied", text=text)).body for text in TEXTS] + [{"verdict": "Allow"}]
    answers = [workos.sign(verdict, {}, key, 1_800_000_000.123) for verdict in verdicts if verdict]
    assert NODE is not None and len(answers) == len(TEXTS) + 1
    sent = msgspec.json.encode(answers)
    done = subprocess.run([NODE, "-e", VERIFY], input=sent, capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("kind", [None, [], {"a": 1}, "user", 5])
def test_without_a_call_that_is_understood_the_verdict_is_of_a_sign_in(kind: object) -> None:
    for asked in ({}, {"object": kind}):
        signed = workos.sign({"verdict": "Deny"}, asked, SigningKey("k"), 0.0)
        assert signed["object"] == "authentication_action_response"


@pytest.mark.anyio
async def test_a_verdict_that_cannot_be_signed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret of the call is not known yet when the database is found to be away."""
    async with running(tmp_path) as service:
        tenant = await hooked(service, "workos", secrets={"key": {"type": "signing_key", "value": "the-key-of-workos"}})

        async def away(name: str) -> Revision:
            raise Unavailable("away")

        monkeypatch.setattr(service.service.live, "revision", away)
        response = await call(service, "workos", tenant, {"content-type": "application/json"}, {})
        assert (response.status_code, response.content) == (503, b"")
