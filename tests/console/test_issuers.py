"""The screen of issuers: what to paste there, secrets, and a light that says how the last call ended."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect

from api.callers import issue_token
from api.console.connecting import KINDS, STEPS, fields
from api.hook_secrets import ACCEPTED
from api.issuers.kinds import KINDS as SECRETS
from engine.keys import Keys
from tests.console.conftest import SCHEMES, PageOf, late, require_accessible, sign_in
from tests.console.site import Site
from tests.console.test_frame import HOSTILE
from tests.test_lifecycle import COMMAND

ISSUERS = tuple(ACCEPTED)
SOON = 12_000  # milliseconds: the light is looked after every four seconds


def simulate(site: Site, folder: Path, issuer: str, secret: dict[str, Any], *options: str) -> str:
    """A call as this issuer makes one, with a secret; what the command says."""
    file = folder / "secret.json"
    file.write_text(json.dumps(secret))
    environ = {"CLAIMSMITH_URL": site.url, "CLAIMSMITH_TOKEN": site.token(), "PATH": "/usr/bin:/bin"}
    command = [*COMMAND, "simulate", issuer, "--tenant", site.tenant, "--secret", str(file), *options]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def light(page: Page) -> Locator:
    return page.locator("#light")


def set_made_up(page: Page, name: str | None = None) -> str:
    """Set a secret that the browser makes up; its value."""
    if page.locator("#new").get_attribute("open") != "":
        page.get_by_text("Set a secret", exact=True).click()
    if name is not None:
        page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make one up").click()
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#set")).to_contain_text("Nobody can read it back")
    return str(page.locator("#set code").last.text_content())


def secrets(site: Site, issuer: str) -> list[Any]:
    return list(site.call("GET", f"/v1/issuers/{issuer}/secrets")["secrets"])


def test_the_table_knows_every_issuer_and_kind() -> None:
    assert STEPS.keys() == ACCEPTED.keys()
    assert KINDS.keys() == SECRETS.keys()
    for issuer, kinds in ACCEPTED.items():
        for kind in kinds:
            known = {one.encode_name: one for one in msgspec.structs.fields(SECRETS[kind])}
            shown = {one.name: one for one in fields(issuer, kind)}
            assert shown.keys() <= known.keys()
            for name, one in known.items():
                assert not one.required or (name in shown and not shown[name].optional)
        for step in STEPS[issuer]:
            assert step.kind in ("", *kinds)


@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_page_for_each(page_of: PageOf, site: Site, issuer: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers/{issuer}")
    path = "/v1/execute" if issuer == "native" else f"/v1/hooks/{issuer}/{site.tenant}"
    expect(page.locator("#url")).to_have_text(site.url + path)
    for kind in ACCEPTED[issuer]:
        if len(ACCEPTED[issuer]) > 1:
            page.locator("#kind").select_option(kind)
        expect(page.locator("fieldset:visible")).to_have_count(1)
        expect(page.locator(".steps li:visible").first).to_be_visible()
        require_accessible(page)
    narrow = page_of(width=390, scheme="dark")
    narrow.goto(f"{site.home}/issuers/{issuer}")
    require_accessible(narrow)


@pytest.mark.parametrize("width", [1440, 390])
def test_all_of_them(page_of: PageOf, site: Site, width: int) -> None:
    page = page_of(width=width)
    page.goto(f"{site.home}/issuers")
    expect(page.locator(".issuer")).to_have_count(len(ISSUERS) - 1)
    expect(page.locator(".issuer", has_text="Okta")).to_contain_text("Not connected")
    require_accessible(page, *SCHEMES)
    page.get_by_role("link", name="asks by").click()
    expect(page.locator("#url")).to_have_text(f"{site.url}/v1/execute")


def test_connected_and_called(page_of: PageOf, site: Site, tmp_path: Path) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers/hydra")
    expect(light(page)).to_have_text("Not connected")
    value = set_made_up(page)
    assert len(value) == 43
    expect(page.locator(".steps li").first).to_contain_text(
        f"config: {{in: header, name: Authorization, value: {value}}}"
    )
    expect(page.locator("#secrets li")).to_have_count(1)
    expect(light(page)).to_contain_text("No call yet", timeout=SOON)
    require_accessible(page)
    simulate(site, tmp_path, "hydra", {"type": "header", "name": "authorization", "value": value})
    expect(light(page)).to_contain_text("answered", timeout=SOON)
    expect(light(page).locator(".light")).to_have_class("light good")
    simulate(site, tmp_path, "hydra", {"type": "header", "value": "another value of sixteen characters"})
    expect(light(page)).to_contain_text("refused: the call does not carry the secret that is set for it", timeout=SOON)
    expect(light(page)).to_contain_text("The last call that was answered came")
    expect(light(page).locator(".light")).to_have_class("light bad")
    require_accessible(page)
    page.get_by_role("navigation", name="Screens").get_by_role("link", name="Issuers").click()
    first = page.locator(".issuer").first
    expect(first).to_contain_text("Ory Hydra")
    expect(first).to_contain_text("refused: the call does not carry")
    expect(first).to_contain_text("1 secret set")
    assert value not in page.content()
    page.go_back()
    expect(page.locator("#secrets li")).to_have_count(1)
    assert value not in page.content()


def test_native_calls(page_of: PageOf, site: Site) -> None:
    """Who has no hook at all sees here that the issuer asks."""
    page = page_of()
    page.goto(f"{site.home}/issuers")
    expect(page.locator(".issuer", has_text="An issuer of your own")).to_have_count(0)
    site.execute()
    card = page.locator(".issuer").first
    expect(card).to_contain_text("An issuer of your own", timeout=SOON)
    expect(card).to_contain_text("By POST /v1/execute Called")
    expect(card).to_contain_text("answered")
    require_accessible(page, *SCHEMES)
    card.get_by_role("link").click()
    expect(light(page).locator(".light")).to_have_class("light good")
    expect(page.locator("#secrets")).to_contain_text("None is set: calls need a token.")
    with pytest.raises(AssertionError, match="needs the scope"):
        site.call("POST", "/v1/execute", {}, scope="rules:read")
    expect(light(page)).to_contain_text("refused: the token of the call does not allow it", timeout=SOON)
    expect(light(page)).to_contain_text("The last call that was answered came")
    expect(light(page).locator(".light")).to_have_class("light bad")
    require_accessible(page)
    set_made_up(page, "one")
    page.get_by_role("button", name="Delete one").click()
    expect(page.get_by_role("dialog")).to_contain_text("It is the only one: calls need a token then.")
    reader = page_of(scope="rules:read")
    reader.goto(f"{site.home}/issuers/native")
    expect(reader.locator("#secrets")).to_contain_text("1 is set. Only who has the scope admin")


def test_the_list_is_not_replaced_under_somebody(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers")
    link = page.locator(".issuer").first.get_by_role("link")
    answer = late(page, "**/issuers", lambda: page.locator("#light").dispatch_event("refresh"))
    link.focus()
    answer()
    expect(link).to_be_focused()
    page.wait_for_timeout(SOON / 2)
    expect(link).to_be_focused()


@pytest.mark.parametrize(
    ("issuer", "start", "steps"),
    [
        ("supabase", "v1,whsec_", "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_SECRETS="),
        ("cognito", "whsec_", "CLAIMSMITH_SECRET="),
    ],
)
def test_a_key_that_signs(page_of: PageOf, site: Site, tmp_path: Path, issuer: str, start: str, steps: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers/{issuer}")
    if issuer == "cognito":
        page.locator("#kind").select_option("standard_webhooks")
    value = set_made_up(page)
    assert value.startswith(start)
    expect(page.locator(".steps")).to_contain_text(steps + value)
    simulate(site, tmp_path, issuer, {"type": "standard_webhooks", "value": value})
    expect(light(page)).to_contain_text("answered", timeout=SOON)
    other = "whsec_" + "QUJD" * 10
    simulate(site, tmp_path, issuer, {"type": "standard_webhooks", "value": other})
    expect(light(page)).to_contain_text("refused: the signature was made with another secret", timeout=SOON)


def test_one_follows_another(page_of: PageOf, site: Site, tmp_path: Path) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers/okta")
    old = set_made_up(page, "old")
    page.reload()
    expect(page.locator("#new")).not_to_have_attribute("open", "")
    new = set_made_up(page, "new")
    assert old != new
    expect(page.locator("#secrets li")).to_have_count(2)
    for value in (old, new):
        simulate(site, tmp_path, "okta", {"type": "header", "value": value})
        (last,) = (one["last_call"] for one in site.call("GET", "/v1/issuers")["issuers"] if one["name"] == "okta")
        assert last["ended"] == "answered"
    page.get_by_role("button", name="Delete old").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete the secret old?")
    require_accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    assert [one["id"] for one in secrets(site, "okta")] == ["old", "new"]
    page.get_by_role("button", name="Delete old").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete old").click()
    expect(page.locator("#notices")).to_contain_text("The secret old is deleted")
    assert [one["id"] for one in secrets(site, "okta")] == ["new"]
    page.get_by_role("button", name="Delete new").click()
    expect(page.get_by_role("dialog")).to_contain_text("It is the only one: nobody may call then.")


def test_one_that_is_typed(page_of: PageOf, site: Site) -> None:
    """By keyboard, with what is wrong with it said, and nothing of it lost."""
    page = page_of()
    page.goto(f"{site.home}/issuers/supabase")
    key = page.get_by_label("Key")
    key.fill("whsec_short")
    page.keyboard.press("Enter")
    expect(page.locator("#alarms")).to_contain_text("`value`")
    expect(key).to_have_value("whsec_short")
    require_accessible(page)
    page.goto(f"{site.home}/issuers/zitadel")
    page.get_by_role("textbox", name="Signing key").fill("hunter2")
    page.keyboard.press("Enter")
    expect(page.locator("#secrets")).to_contain_text("can be guessed")
    page.goto(f"{site.home}/issuers/wso2")
    page.get_by_label("Kind").select_option("jwt")
    page.get_by_label("Address of the public keys").fill("https://id.example.com/keys")
    page.get_by_label("Issuers", exact=True).fill("https://id.example.com  https://id2.example.com")
    page.get_by_label("Audience").fill("claimsmith")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#secrets li")).to_contain_text("jwt")


def test_a_key_that_is_made_here(page_of: PageOf, site: Site) -> None:
    """What the issuer is given of it is shown; nobody is shown the rest."""
    page = page_of()
    page.goto(f"{site.home}/issuers/zitadel")
    page.get_by_label("Kind").select_option("jwe_payload")
    expect(page.get_by_text("PAYLOAD_TYPE_JWE")).to_be_visible()
    expect(page.get_by_text("PAYLOAD_TYPE_JWT")).to_be_hidden()
    page.get_by_role("textbox", name="Signing key").fill("98KmsU67x2Ph9PkBfMuYNLLuZFTpZ3Cs")
    page.get_by_role("textbox", name="Address of the web keys").fill("https://acme.example.com/oauth/v2/keys")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#secrets li")).to_contain_text("-----BEGIN PUBLIC KEY-----")
    assert "PRIVATE" not in page.content()
    require_accessible(page)


def test_a_browser_without_a_connection(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers/okta")
    page.get_by_role("button", name="Make one up").click()
    value = page.get_by_label("Value").input_value()
    page.context.set_offline(True)
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#alarms")).to_contain_text("What you typed stays here")
    assert page.get_by_label("Value").input_value() == value
    page.context.set_offline(False)
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#set")).to_contain_text("is set")


def test_copied(page_of: PageOf, site: Site) -> None:
    page = page_of(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site.home}/issuers/okta")
    page.locator("button[data-copy=url]").click()
    expect(page.locator("button[data-copy=url]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.url}/v1/hooks/okta/{site.tenant}"


def test_without_the_scope(page_of: PageOf, site: Site) -> None:
    site.call("PUT", "/v1/issuers/okta/secrets/one", {"type": "header", "value": "a value of sixteen characters"})
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/issuers/okta")
    expect(page.locator("#secrets")).to_contain_text("1 is set. Only who has the scope admin")
    expect(page.locator("form#secret")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    require_accessible(page)
    page.goto(f"{site.home}/issuers")
    expect(page.locator(".issuer").first).to_contain_text("Okta")


def test_what_others_have_written_is_text(page_of: PageOf, site: Site) -> None:
    page = page_of()
    token = issue_token(Keys(site.secret), scope="admin", tenant=site.tenant, subject=HOSTILE, expires_in=600)
    sign_in(page, site, token)
    page.goto(f"{site.home}/issuers/hydra")
    page.locator("#header-value").fill(HOSTILE)
    expect(page.locator(".steps")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#set")).to_contain_text(HOSTILE)
    expect(page.locator("#secrets")).to_contain_text(f"by {HOSTILE}")
    assert page.title() == "Ory Hydra · Claimsmith"
    assert page.locator("#main img").count() == 0


@pytest.mark.parametrize(
    ("issuer", "deadline", "said"),
    [
        ("okta", None, "3 s for an answer, as is known of it"),
        ("okta", 1_001, "1.001 s for an answer By the deadline in the tenant's settings; without it, 3 s"),
        ("okta", 30_000, "3 s for an answer It fails open, and is known to wait no longer: the deadline of 30000 ms"),
        ("lemonldap", 30_000, "30 s for an answer By the deadline in the tenant's settings; without it, 180 s"),
    ],
)
def test_how_long_it_waits(page_of: PageOf, site: Site, issuer: str, deadline: int | None, said: str) -> None:
    settings = {"hooks": {issuer: {"deadline_ms": deadline}}}
    site.call("PATCH", f"/v1/tenants/{site.tenant}/settings", settings)
    page = page_of()
    page.goto(f"{site.home}/issuers/{issuer}")
    expect(page.locator("#waits")).to_contain_text(said)
    require_accessible(page, *SCHEMES)
    link = page.locator("#waits").get_by_role("link", name="the tenant's settings")
    expect(link).to_have_count(0 if deadline is None else 1)
    reader = page_of(scope="rules:read")
    reader.goto(f"{site.home}/issuers/{issuer}")
    expect(reader.locator("#waits")).to_contain_text(said)
    expect(reader.locator("#waits a")).to_have_count(0)
    if deadline is not None:
        link.click()
        expect(page.locator(f"#hooks-{issuer}-deadline_ms")).to_have_value(str(deadline))


def test_no_such_issuer(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/issuers/{HOSTILE.replace('/', '')}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing here")
    page.goto(f"{site.home}/issuers/keycloak")
    expect(page.get_by_role("alert").filter(has_text="there is no such issuer")).to_be_visible()
