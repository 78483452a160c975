"""`claimsmith simulate`: every call of every issuer passes, is decided, and both sides are shown."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import Any

import httpx2
import pytest

from api.issuers.table import ISSUERS
from cli.client import Client
from cli.refusal import Refused
from cli.simulation import calls_of, patience, send
from tests.cli.command import Commands, Done
from tests.cli.test_client import answering
from tests.issuers import firebase_tokens

CALLS = [(name, call) for name, issuer in ISSUERS.items() for call in calls_of(issuer)]
RULE = (
    'def rule(user, context):\n    context.idToken["https://example.com/a"] = "1"\n    context.accessToken["b"] = "2"\n'
)


def run(commands: Commands, *words: str, scope: str = "admin", **fields: Any) -> Done:
    return commands.run("simulate", *words, CLAIMSMITH_TOKEN=commands.token(scope), **fields)


def live(commands: Commands, script: str = RULE) -> str:
    """The tenant, with one rule that runs for machines, too."""
    body = {"name": "r", "script": script, "conditions": {"without_user": True}}
    commands.call("POST", "/v1/rules", body)
    return commands.tenant


def secrets(commands: Commands, issuer: str) -> Any:
    return commands.call("GET", f"/v1/issuers/{issuer}/secrets", scope="admin")["secrets"]


@pytest.mark.parametrize(("issuer", "call"), CALLS, ids=[f"{issuer}: {call}" for issuer, call in CALLS])
def test_every_call_of_every_issuer(commands: Commands, issuer: str, call: str) -> None:
    tenant = live(commands)
    done = run(commands, issuer, "--call", call, "--tenant", tenant, "--json")
    assert (done.code, done.err) == (0, "")
    shown = done.json
    assert shown["status"] in (200, 204)
    assert shown["record"]["decision"] == "allow"
    assert (shown["record"]["issuer"], shown["execution"]) == (issuer, shown["record"]["execution_id"])
    assert shown["record"]["steps"][0]["outcome"] == "passed"
    assert '"https://example.com/a"' in json.dumps(shown["record"]["idToken"]) or "token_not_issued" in done.out
    assert secrets(commands, issuer) == []


@pytest.mark.parametrize("payload", ["jwt", "jwe"])
def test_calls_that_are_no_json(commands: Commands, payload: str) -> None:
    tenant = live(commands)
    done = run(commands, "zitadel", "--payload", payload, "--tenant", tenant, "--json")
    assert (done.code, done.err) == (0, "")
    assert (done.json["status"], done.json["record"]["decision"]) == (200, "allow")
    assert done.json["request"]["function"] == "function/preuserinfo"
    assert done.json["answer"]["append_claims"] == [{"key": "https://example.com/a", "value": "1"}]
    assert done.json["headers"]["zitadel-signature"] == "***"
    assert secrets(commands, "zitadel") == []


def test_both_sides_are_shown(commands: Commands) -> None:
    tenant = live(commands)
    done = run(commands, "okta", "--tenant", tenant)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        f"Okta sends\nPOST {commands.url}/v1/hooks/okta/{tenant}\ncontent-type: application/json\n"
    )
    assert "authorization: ***\n" in done.out
    assert "\nClaimsmith decides\nallow  revision 2  " in done.out
    assert "\n  r  passed\n  execution " in done.out
    assert re.search(r"\nand answers 200, after [0-9.]+ ms of 3 s, as Okta waits\n\{\n", done.out)
    assert '"path": "/claims/https:~1~1example.com~1a"' in done.out


@pytest.mark.parametrize(
    ("issuer", "deadline", "within", "said"),
    [
        ("hydra", 900, 0.9, "0.9 s, the tenant's `deadline_ms` (else 30 s)"),
        ("okta", 30_000, 3, "3 s, as Okta waits: it fails open, so the tenant's `deadline_ms` of 30000 does not hold"),
        ("okta", 1_001, 1.001, "1.001 s, the tenant's `deadline_ms` (else 3 s)"),
    ],
)
def test_the_tenants_own_deadline(commands: Commands, issuer: str, deadline: int, within: float, said: str) -> None:
    tenant = live(commands)
    settings = {"hooks": {issuer: {"deadline_ms": deadline}}}
    commands.call("PATCH", f"/v1/tenants/{tenant}/settings", settings, scope="admin")
    assert f" ms of {said}\n" in run(commands, issuer, "--tenant", tenant).out
    done = run(commands, issuer, "--tenant", tenant, "--json")
    assert (done.json["within"], done.json["deadline_ms"]) == (within, deadline)


def test_it_waits_as_long_as_the_tenant_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(Refused, match=r"within the 0\.3 s that Ory Hydra waits$"):
            send(url, ISSUERS["hydra"], b"{}", b"{}", {}, 0.3)
        assert 0.3 <= time.monotonic() - began < 5


NOT_ALLOWED = b'{"error": "insufficient_scope", "error_description": "this needs the scope `rules:read`"}'


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, b'{"issuers": [{"name": "okta", "wait": 3.0}]}'),
        (200, b'{"issuers": []}'),
        (403, NOT_ALLOWED),
        (404, b'{"error": "not_found", "error_description": "there is no such thing here"}'),
    ],
)
def test_where_nobody_says_how_long(status: int, said: bytes) -> None:
    with answering((status, {}, said)) as (url, _), Client(url, "token", "admin") as client:
        assert patience(client, ISSUERS["okta"]) is None


def test_the_time_is_that_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of the command, which reads the authorities of the machine before it calls."""
    made = httpx2.Client.__init__

    def slow(*given: Any, **named: Any) -> None:
        time.sleep(1)
        made(*given, **named)

    monkeypatch.setattr(httpx2.Client, "__init__", slow)
    with answering((200, {}, b"{}")) as (url, _):
        assert send(url, ISSUERS["okta"], b"{}", b"{}", {}).ms < 1000


def test_a_denial_and_what_was_left_out(commands: Commands) -> None:
    tenant = live(commands, 'def rule(user, context):\n    context.idToken.groups = ["a"]\n')
    shown = run(commands, "okta", "--tenant", tenant)
    assert "  claim_reserved: `groups` was not set: okta lets nobody else set it (rule r, line 2)\n" in shown.out
    commands.edit("r", script="def rule(user, context):\n    raise UnauthorizedError('not today')\n")
    shown = run(commands, "okta", "--tenant", tenant)
    assert "\ndeny  revision" in shown.out
    assert '"errorSummary": "not today"' in shown.out


def test_a_call_that_was_kept_and_a_secret_that_is_set(commands: Commands) -> None:
    tenant = live(commands)
    secret = {"type": "header", "value": "correct-horse-battery", "name": "X-Key"}
    commands.call("PUT", "/v1/issuers/hydra/secrets/main", secret, scope="admin")
    (commands.folder / "secret.json").write_text(json.dumps(secret))
    (commands.folder / "call.json").write_text(json.dumps(calls_of(ISSUERS["hydra"])["refresh"]))
    words = ("hydra", "--body", "call.json", "--secret", "secret.json", "--tenant", tenant)
    done = run(commands, *words, "--json")
    assert (done.code, done.json["status"], done.json["headers"]["X-Key"]) == (0, 200, "***")
    assert "correct-horse" not in done.out + done.err
    without = commands.run("simulate", *words, CLAIMSMITH_TOKEN="")
    assert without.code == 0
    assert "give a token to see it" in without.out
    assert " ms of 30 s, as Ory Hydra waits where the tenant's settings do not say another\n" in without.out
    (commands.folder / "secret.json").write_text(json.dumps(secret | {"value": "another"}))
    wrong = run(commands, *words)
    assert "nothing: no rule was asked" in wrong.out
    assert "and answers 401" in wrong.out
    assert [one["id"] for one in secrets(commands, "hydra")] == ["main"]


@pytest.mark.parametrize("call", ["{}", "[]", '{"data": {"tenantId": "example.com"}}'])
def test_a_call_of_entra_without_its_directory(commands: Commands, call: str) -> None:
    (commands.folder / "call.json").write_text(call)
    done = run(commands, "entra", "--body", "call.json", "--tenant", commands.tenant)
    assert (done.code, done.out) == (2, "")
    assert "the call is not of a directory: `tenant_id` is a UUID" in done.err


def test_a_call_of_firebase_that_was_kept(commands: Commands) -> None:
    """As a record has it, or as it came: it is signed anew, for the same project."""
    tenant = live(commands)
    kept = calls_of(ISSUERS["firebase"])["sign-in"] | {"iss": "https://securetoken.google.com/shop-1a2b3", "exp": 1}
    for text in (json.dumps(kept), firebase_tokens.sealed(json.dumps(kept).encode()).decode()):
        (commands.folder / "call.json").write_text(text)
        done = run(commands, "firebase", "--body", "call.json", "--tenant", tenant, "--json")
        assert (done.code, done.json["status"]) == (0, 200), done.err
        assert done.json["request"]["iss"] == kept["iss"]
        assert done.json["request"]["event_type"] == "beforeSignIn"
        assert done.json["answer"]["userRecord"]["sessionClaims"] == {"https://example.com/a": "1"}
    for text in (json.dumps(kept | {"iss": "Shop"}), '{"data": {"jwt": "a.aaaa.c"}}'):
        (commands.folder / "call.json").write_text(text)
        done = run(commands, "firebase", "--body", "call.json", "--tenant", tenant)
        assert (done.code, done.out) == (2, "")
        assert "the call is not of a project: " in done.err
    (commands.folder / "secret.json").write_text(json.dumps(firebase_tokens.SECRET))
    done = run(commands, "firebase", "--secret", "secret.json", "--tenant", tenant)
    assert "a token is signed by the key of the issuer that it comes from" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keycloak",), "`keycloak` is none of the issuers: hydra, supabase, okta"),
        (("okta", "--call", "x"), "--call: `x` is none of okta's: authorization-code, refresh, client-credentials"),
        (("okta", "--body", "none.json"), "none.json: no such file or directory"),
        (("okta", "--body", "bad.json"), "bad.json: no JSON, input data was truncated"),
        (("okta", "--body", "bad.json", "--call", "refresh"), "give one of --call and --body"),
        (("okta", "--secret", "bad.json"), "bad.json: "),
        (("okta", "--payload", "jwt"), "--payload: Okta sends JSON alone"),
        (("zitadel", "--payload", "xml"), "--payload: Zitadel sends jwt or jwe"),
        (("zitadel", "--payload", "jwt", "--secret", "bad.json"), "give one of --secret and --payload"),
        (("zitadel", "--secret", "payload.json"), "a payload is signed by the key of the issuer that sends it"),
        (("okta", "--tenant", "nobody"), "nobody"),
        (("okta", "--tenant", "ü"), "--tenant: it is not a tenant's name"),
        (("okta", "--url", "http://127.0.0.1:9"), "no connection to http://127.0.0.1:9"),
    ],
)
def test_what_cannot_be_simulated(commands: Commands, words: tuple[str, ...], said: str) -> None:
    (commands.folder / "bad.json").write_text("{")
    payload = {"type": "jwt_payload", "value": "x", "jwks_url": "https://acme.example.com/oauth/v2/keys"}
    (commands.folder / "payload.json").write_text(json.dumps(payload))
    done = run(commands, *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_token_that_may_not(commands: Commands) -> None:
    done = run(commands, "okta", "--tenant", commands.tenant, scope="execute")
    assert done.code == 2
    assert "this needs the scope `admin`" in done.err


def test_the_issuers_are_listed(commands: Commands) -> None:
    lines = commands.run("issuers").out.splitlines()
    assert [line.split()[0] for line in lines] == ["issuer", *ISSUERS]
    listed = commands.run("issuers", "--json").json
    assert [one["name"] for one in listed] == [*ISSUERS]
    assert "aid" in listed[2]["can"]["reserved"]["idToken"]
