"""Trying: one login, and what rules make of it, on the editor's page and on one of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.authors import CLAIM, HOSTILE, SCRIPT, give_login, open_rule, script_of, write
from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

LOGIN: dict[str, Any] = {
    "user": {"user_id": "u1", "email": "a@b.c"},
    "context": {"clientID": "web", "idToken": {"before": 1}},
}

ADDS = f"""\
def rule(user, context):
    context.idToken["{CLAIM}"] = context.idToken["{CLAIM}/first"] + 1
    print("{CLAIM}")
"""
DENIES = """\
def rule(user, context):
    context.idToken.sub = "x"
    if user.get("blocked"):
        raise UnauthorizedError("not you")
"""
KINDS = f"""\
import datetime

def rule(user, context):
    context.idToken["{CLAIM}"] = f"{{user.n}} {{user.big}} {{datetime.datetime.now()}}"
"""


def try_it(page: Page, login: Any = LOGIN) -> None:
    give_login(page, login if isinstance(login, str) else json.dumps(login))
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Running…")).to_have_count(0)


def test_a_draft_in_its_place(site: Site, page_of: PageOf) -> None:
    """The rules before it run as they are live, and what it writes stands at its lines."""
    site.add("first", f'def rule(user, context):\n    context.idToken["{CLAIM}/first"] = 1\n')
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    write(page, script_of(page), ADDS)
    try_it(page)
    claims = page.get_by_role("region", name="Claims of the ID token")
    assert [row.split("\t") for row in claims.get_by_role("row").all_inner_texts()] == [
        ["Claim", "Before", "After", "Set by"],
        ["before", "1", "1", ""],
        [f"{CLAIM}/first", "", "1", "first, line 2"],
        [CLAIM, "", "2", "line 2"],
    ]
    expect(claims.get_by_role("link", name="first, line 2")).to_have_attribute(
        "href", f"/console/t/{site.tenant}/rules/{site.call('GET', '/v1/rules')['rules'][0]['id']}#L2"
    )
    expect(page.locator(".cm-value")).to_have_text(["2", f'says "{CLAIM}"'])
    expect(page.locator(".events").last).to_contain_text(f"says {CLAIM}")
    require_accessible(page)
    page.get_by_label("This draft alone").check()
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".steps > li")).to_have_count(1)
    expect(page.locator(".decided")).to_contain_text("deny")
    expect(page.locator(".events .bad")).to_contain_text("line 2")
    expect(page.locator(".cm-current")).to_contain_text("/first")


def test_a_rule_that_takes_too_long(site: Site, page_of: PageOf) -> None:
    page = page_of()
    open_rule(page, site, site.add("one", SCRIPT))
    write(page, script_of(page), "def rule(user, context):\n    while True:\n        pass\n")
    try_it(page)
    expect(page.locator(".steps")).to_contain_text("timed out")
    expect(page.locator(".outcome")).to_contain_text("There is no token")
    page.locator(".events .bad").get_by_role("button").click()
    expect(script_of(page)).to_be_focused()


def test_a_denial_and_a_warning(site: Site, page_of: PageOf) -> None:
    page = page_of()
    open_rule(page, site, site.add("one", SCRIPT))
    write(page, script_of(page), DENIES)
    try_it(page)
    expect(page.locator(".outcome .warning")).to_contain_text("protected_claim")
    expect(page.locator(".outcome .warning").get_by_role("button", name="line 2")).to_be_visible()
    try_it(page, {"user": {"user_id": "u1", "blocked": True}})
    expect(page.locator(".outcome")).to_contain_text("not you (unauthorized, by the rule one)")
    require_accessible(page)


def test_a_script_that_does_not_compile(site: Site, page_of: PageOf) -> None:
    page = page_of()
    open_rule(page, site, site.add("one", SCRIPT))
    write(page, script_of(page), "def rule(user, context):\n    import os\n")
    try_it(page)
    expect(page.get_by_role("tabpanel").get_by_role("alert").get_by_role("button", name="line 2")).to_be_visible()


@pytest.mark.parametrize(
    ("login", "told"),
    [("{,}", "JSON"), ("[]", "has to be an object"), ('{"script": "x"}', 'Leave "script" out'), ('{"usr": 1}', "usr")],
)
def test_a_login_that_is_none(site: Site, page_of: PageOf, login: str, told: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/try")
    give_login(page, login)
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#trying").get_by_role("alert")).to_contain_text(told)


def test_a_recorded_login_is_tried_as_it_was(site: Site, page_of: PageOf) -> None:
    """Numbers keep their kind and digits, and the clock is that of then."""
    site.add("kinds", KINDS)
    site.execute({"user_id": "u2"}, {"clientID": "other"})
    user = {"user_id": "u1", "n": 1.0, "big": 1180591620717411303424, "password": "a secret one"}
    then = site.execute(user, {"clientID": "web"})["idToken"][CLAIM]
    site.recorded(2)
    page = page_of()
    page.goto(f"{site.home}/try")
    page.get_by_text("A recorded login").click()
    expect(page.locator(".logins li")).to_have_count(2)
    expect(page.locator(".logins li").first).to_contain_text("u1 · web")
    page.get_by_label("Client", exact=True).fill("web")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".logins li")).to_have_count(1)
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_text("Hidden in its record")).to_contain_text("/user/password")
    expect(page.get_by_label("The login as JSON")).to_contain_text("1180591620717411303424")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("region", name="Claims of the ID token")).to_contain_text(f'"{then}"')
    assert then.startswith("1.0 1180591620717411303424 20")
    require_accessible(page)


def test_a_slow_search_does_not_replace_a_later_one(site: Site, page_of: PageOf) -> None:
    site.execute({"user_id": "u1"}, {"clientID": "other"})
    site.execute({"user_id": "u2"}, {"clientID": "web"})
    site.recorded(2)
    page = page_of()
    page.goto(f"{site.home}/try")
    page.get_by_text("A recorded login").click()
    expect(page.locator(".logins li")).to_have_count(2)

    def search(client: str) -> None:
        page.get_by_label("Client", exact=True).fill(client)
        page.get_by_role("button", name="Search").click()

    page.route("**/v1/executions?*client=other*", lambda route: None)  # its answer would come at any time
    with page.expect_event("requestfailed", lambda request: "client=other" in request.url):
        with page.expect_request("**/v1/executions?*client=other*"):
            search("other")
        search("web")
    expect(page.locator(".logins li")).to_have_count(1)
    expect(page.locator(".logins li")).to_contain_text("u2 · web")


def test_what_is_saved_can_be_tried_before_it_is_live(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": SCRIPT.replace("email", "name"), "deploy": False})
    page = page_of()
    page.goto(f"{site.home}/try")
    try_it(page, {"user": {"user_id": "u1", "name": "Ann"}})
    claims = page.get_by_role("region", name="Claims of the ID token")
    expect(claims).to_contain_text("null")
    page.get_by_label("All rules as they are saved").check()
    page.get_by_role("button", name="Try it").click()
    expect(claims).to_contain_text('"Ann"')
    expect(claims.get_by_role("link", name="one, line 2")).to_be_visible()
    page.goto(f"{site.home}/try?execution={site.execute({'user_id': 'of then'})['execution_id']}")
    expect(page.get_by_label("The login as JSON")).to_contain_text("of then")
    page.goto(f"{site.home}/try?rule={rule}")
    expect(page.get_by_label("One rule alone")).to_be_checked()


def test_every_sample_runs(site: Site, page_of: PageOf) -> None:
    site.add("one", SCRIPT)
    page = page_of()
    page.goto(f"{site.home}/try")
    expect(page.get_by_role("button", name="Try it")).to_be_visible()
    names = page.get_by_label("Sample").locator("option").all_inner_texts()[1:]
    assert len(names) >= 5
    for name in names:
        page.get_by_label("Sample").select_option(name)
        page.get_by_role("button", name="Try it").click()
        expect(page.locator(".decided")).to_contain_text("allow")
        expect(page.get_by_text("Running…")).to_have_count(0)


def test_markup_is_text(site: Site, page_of: PageOf) -> None:
    site.add(
        "one",
        """\
def rule(user, context):
    print(user.name)
    context.idToken[user.name] = user.name
    raise ValueError(user.name)
""",
    )
    page = page_of()
    page.goto(f"{site.home}/try")
    try_it(page, {"user": {"user_id": "u1", "name": HOSTILE}, "context": {"idToken": {HOSTILE: HOSTILE}}})
    expect(page.locator(".events")).to_contain_text(f"says {HOSTILE}")
    expect(page.locator(".events .bad")).to_contain_text(HOSTILE)
    assert page.title() == "Try · Claimsmith"
    assert page.locator("main img, main script").count() == 0


def test_secrets_are_not_for_everybody(site: Site, page_of: PageOf) -> None:
    site.call("PUT", "/v1/configuration/KEY", {"value": "a live value"})
    rule = site.add("one", f'def rule(user, context):\n    context.idToken["{CLAIM}"] = len(configuration.KEY)\n')
    page = page_of(scope="rules:read rules:write")
    open_rule(page, site, rule)
    expect(page.get_by_role("tabpanel")).to_contain_text("does not have the scope configuration:use")
    expect(page.locator("details.recorded")).to_contain_text(
        "Choosing a recorded login needs the scope executions:read"
    )
    try_it(page)
    expect(page.get_by_role("region", name="Claims of the ID token")).to_contain_text(str(len("<value of KEY>")))
    page = page_of(scope="rules:read rules:write configuration:use")
    open_rule(page, site, rule)
    expect(page.get_by_role("tabpanel")).not_to_contain_text("configuration:use")


@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_used_by_everybody(site: Site, page_of: PageOf, width: int) -> None:
    site.add("one", SCRIPT + "    print('long ' * 100)\n    context.idToken.sub = 'x'\n")
    page = page_of(width=width)
    page.goto(f"{site.home}/try")
    try_it(page)
    require_accessible(page, *SCHEMES)
    page.get_by_text("A recorded login").click()
    expect(page.get_by_text("No login was recorded yet.")).to_be_visible()
    require_accessible(page, *SCHEMES)


def test_who_may_not_try(site: Site, page_of: PageOf) -> None:
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/try")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")
