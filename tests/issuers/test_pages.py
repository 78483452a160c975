"""The pages of issuers: their secrets and settings can be set, their rules run, and what rules get is what they say."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.issuers.issuer import Cause, Refusal
from api.issuers.kinds import KINDS
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from engine.models import HookSettings, TenantSettings
from tests.api import fresh
from tests.issuers.hooked import call
from tests.issuers.sending import ours, sent
from tests.jwks import JwksServer
from tests.service import Running, running

pytestmark = pytest.mark.anyio

PAGES = Path(__file__).parents[2] / "docs" / "issuers"
CALLS = Path(__file__).parent / "calls"
WRITTEN = list(ISSUERS)
# What stands in an answer where the page's rule has run: a claim, where the issuer takes any.
SET = {"entra": '"CustomRoles"', "workos": '"Allow"'}
HEADINGS = ["Set up", "What rules get", "What rules can do", "When something goes wrong", "A rule", "Try it"]


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("pages")) as service:
        yield service


def page(issuer: str) -> str:
    return (PAGES / f"{issuer}.md").read_text()


def objects(issuer: str) -> list[dict[str, Any]]:
    """Every JSON object of the page that stands whole in quotes or backticks."""
    found = re.findall(r"--json '(\{.*?\})'$", page(issuer), re.MULTILINE | re.DOTALL)
    found += re.findall(r"`(\{\"type\".*?\})`", page(issuer), re.DOTALL)
    return [json.loads(text) for text in found]


def all_calls(issuer: str) -> list[dict[str, Any]]:
    ours = json.loads((CALLS / f"{issuer}.json").read_text())
    calls = [*ours.values(), *calls_of(ISSUERS[issuer]).values()]
    if issuer == "hydra":
        calls[0]["session"]["id_token"]["username"] = "ada@example.com"  # which few logins set
    return calls


@pytest.mark.parametrize("issuer", WRITTEN)
def test_every_page_says_the_same_things(issuer: str) -> None:
    assert re.findall(r"^## (.*)$", page(issuer), re.MULTILINE) == HEADINGS
    assert "Not proven:" in page(issuer)
    assert f"/v1/hooks/{issuer}/acme" in page(issuer)
    for name in re.findall(rf"claimsmith simulate {issuer} --tenant acme(?: --call (\S+))?", page(issuer)):
        assert not name or name in calls_of(ISSUERS[issuer])


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


@pytest.mark.parametrize("issuer", WRITTEN)
async def test_its_secret_is_the_key_to_its_rule(service: Running, keys: JwksServer, issuer: str) -> None:
    """All as the page has it: the secret and the settings set by API, the rule in place, and a call of the issuer."""
    tenant = await fresh.tenant(service)
    secrets = [one for one in objects(issuer) if "type" in one and one["type"] in ISSUERS[issuer].secrets]
    settings = [one for one in objects(issuer) if "hooks" in one]
    assert secrets
    for one in settings:
        assert msgspec.convert(one, TenantSettings).hooks.keys() == {issuer}
        response = await service.call("PATCH", f"/v1/tenants/{tenant}/settings", one)
        assert response.status_code == 200, response.text
    for number, one in enumerate(secrets):
        assert msgspec.convert(one, KINDS[one["type"]])
        if "jwks_url" in one:
            continue  # no test fetches keys from the world
        one |= ours(one, keys.url)
        response = await service.call("PUT", f"/v1/issuers/{issuer}/secrets/{number}", one, tenant=tenant)
        assert response.status_code == 200, response.text
        assert response.json()["weak"] is (one.get("value") == "...")
    (script,) = re.findall(r"```python\n(.*?)```", page(issuer), re.DOTALL)
    await service.add("of the page", "", tenant=tenant, script=script)
    for body in all_calls(issuer):
        shown, text = sent(ISSUERS[issuer], secrets[0], json.dumps(body).encode())
        headers = {"content-type": "application/json", **shown}
        response = await call(service, issuer, tenant, headers, text)
        asked = ISSUERS[issuer].parse(body, HookSettings())
        record = await service.record(response.headers["claimsmith-execution"], tenant)
        assert record["decision"] == "allow", record["steps"]
        answer = response.text.replace("~1", "/")  # as Okta's patches write it
        takes = asked.user is not None and (issuer in SET or bool(asked.capability.tokens))
        assert (SET.get(issuer, "https://example.com/") in answer) is takes, answer


@pytest.mark.parametrize("issuer", WRITTEN)
def test_what_rules_get_is_what_the_page_says(issuer: str) -> None:
    """Each member of its table is there in a call, and what is there in a call is in the table."""
    table = page(issuer).split("## What rules get")[1].split("## ")[0]
    named = {
        tuple(path.split("."))
        for row in re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
        for path in re.findall(r"`((?:user|context)\.[\w.]+)`", row)
    }
    there: set[tuple[str, ...]] = set()
    for how in (HookSettings(), HookSettings(id_token_claims=True)):
        for body in all_calls(issuer):
            asked = ISSUERS[issuer].parse(body, how)
            for root, value in (("user", asked.user or {}), ("context", asked.context)):
                there |= {(root, name) for name in value}
                there |= {
                    (root, name, inner)
                    for name, member in value.items()
                    if isinstance(member, dict)
                    for inner in member
                }
    assert named <= there, named - there
    known = {path[:2] for path in named}
    if issuer == "okta":  # "and other standard claims"
        known |= {("user", name) for name in ("email_verified", "nickname", "phone_number", "groups")}
    assert {path for path in there if len(path) == 2} <= known


@pytest.mark.parametrize("issuer", WRITTEN)
def test_statuses_of_the_page_are_those_of_the_answers(issuer: str) -> None:
    """The table of what goes wrong, against what the issuer's `refuse` says."""
    rows = page(issuer).split("## When something goes wrong")[1].split("## ")[0]
    shown: dict[str, Cause] = {
        "denied": "denied",
        "a rule raised": "failed",
        "nothing could be decided": "unavailable",
        "the call cannot be read": "invalid",
        "another": "unauthenticated",
    }
    for beginning, cause in shown.items():
        (said,) = re.findall(rf"^\| (?:\*\*)?{beginning}[^|]*\| (\d+)[^|]*\|", rows, re.MULTILINE)
        reply = ISSUERS[issuer].refuse(Refusal(cause=cause, text="x"))
        assert int(said) == reply.status, beginning
