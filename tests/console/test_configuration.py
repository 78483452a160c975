"""Values for rules: set, replaced and deleted by people who never see one again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from api.console.configuration import mentions
from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

SECRET = "correct-horse-<b>battery</b>-staple"
READS = """def rule(user, context):
    context.idToken["https://example.com/length"] = len(configuration.API_KEY)
"""


def put(page: Page, key: str, value: str) -> None:
    page.get_by_label("Name", exact=True).fill(key)
    page.get_by_label("Value", exact=True).fill(value)
    page.get_by_role("button", name="Set").click()


def test_a_value_is_set_and_never_shown(page_of: PageOf, site: Site) -> None:
    site.add("reads-it", READS)
    page = page_of()
    page.goto(f"{site.home}/configuration")
    expect(page.get_by_role("heading", name="No values yet")).to_be_visible()
    put(page, "API_KEY", SECRET)
    expect(page.get_by_role("status")).to_contain_text("`API_KEY` is set")
    row = page.get_by_role("row", name="API_KEY")
    expect(row).to_contain_text("configuration.API_KEY")
    expect(row).to_contain_text("by ann")
    expect(row.get_by_role("link", name="reads-it")).to_be_visible()
    assert site.execute()["idToken"]["https://example.com/length"] == len(SECRET)
    for screen in ("configuration", "audit", "revisions", "revisions/2", f"tenants/{site.tenant}/settings"):
        shown = page.request.get(f"{site.home}/{screen}")
        assert shown.ok
        assert "battery" not in shown.text()


def test_it_is_replaced(page_of: PageOf, site: Site) -> None:
    site.add("reads-it", READS)
    site.call("PUT", "/v1/configuration/API_KEY", {"value": SECRET})
    page = page_of(scope="configuration:write rules:read")
    page.goto(f"{site.home}/configuration")
    page.get_by_role("button", name="Replace API_KEY").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("API_KEY")
    expect(page.get_by_label("Value", exact=True)).to_be_focused()
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is set")
    assert site.execute()["idToken"]["https://example.com/length"] == 5


def test_it_is_shown_only_while_it_is_typed(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/configuration")
    value = page.get_by_label("Value", exact=True)
    expect(value).to_have_attribute("type", "password")
    page.get_by_label("Show it while I type").check()
    expect(value).to_have_attribute("type", "text")
    page.get_by_label("Show it while I type").uncheck()
    expect(value).to_have_attribute("type", "password")


def test_it_is_deleted_by_whoever_means_it(page_of: PageOf, site: Site) -> None:
    site.add("reads-it", READS)
    site.call("PUT", "/v1/configuration/API_KEY", {"value": SECRET})
    page = page_of()
    page.goto(f"{site.home}/configuration")
    page.get_by_role("button", name="Delete API_KEY").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 live rule mentions it, and fails without it.")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete API_KEY").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("`API_KEY` is deleted")
    assert site.call("GET", "/v1/configuration")["values"] == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("two words", SECRET, "two words"), ("API_KEY", "x" * 70_000, "API_KEY"), ("<b>", SECRET, "<b>")],
)
def test_what_is_refused_is_said_without_the_value(
    page_of: PageOf, site: Site, key: str, value: str, said: str
) -> None:
    page = page_of()
    page.goto(f"{site.home}/configuration")
    put(page, key, value)
    expect(page.locator("#wrong")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value(said)
    assert value not in page.content()
    assert site.call("GET", "/v1/configuration")["values"] == []


def test_who_may_not_see_rules_is_not_told_of_them(page_of: PageOf, site: Site) -> None:
    site.add("reads-it", READS)
    site.call("PUT", "/v1/configuration/API_KEY", {"value": SECRET})
    page = page_of(scope="configuration:write")
    page.goto(f"{site.home}/configuration")
    expect(page.get_by_role("row", name="API_KEY")).to_contain_text("needs rules:read")
    assert "reads-it" not in page.content()


def test_it_needs_the_scope(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/configuration")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")
    sent = page.request.post(f"{site.home}/configuration", form={"key": "A", "value": "b"})
    assert sent.status == 403


def test_a_form_of_another_site_changes_nothing(page_of: PageOf, site: Site) -> None:
    page = page_of()
    for headers in ({"sec-fetch-site": "cross-site"}, {}):
        sent = page.request.post(f"{site.home}/configuration", form={"key": "A", "value": "b"}, headers=headers)
        assert sent.status == 400
    assert site.call("GET", "/v1/configuration")["values"] == []


@pytest.mark.parametrize(
    "script",
    [
        "x = configuration.KEY",
        'x = configuration["KEY"]',
        "x = configuration[ 'KEY' ]",
        "x = configuration.get('KEY')",
        'x = configuration.get("KEY", "")',
    ],
)
def test_a_script_mentions_a_key(script: str) -> None:
    assert mentions("KEY", {"one": script}) == ["one"]


@pytest.mark.parametrize("script", ["x = KEY", "x = configuration.KEY_2", 'x = configuration["MY_KEY"]', "# KEY"])
def test_a_script_does_not(script: str) -> None:
    assert mentions("KEY", {"one": script}) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_used_by_everybody(page_of: PageOf, site: Site, width: int) -> None:
    page = page_of(width=width)
    page.goto(f"{site.home}/configuration")
    require_accessible(page, *SCHEMES)
    site.add("reads-it", READS)
    for key in ("API_KEY", "a-key-with-a-name-that-goes-on-and-on:" + "x" * 80):
        site.call("PUT", f"/v1/configuration/{key}", {"value": SECRET})
    page.goto(f"{site.home}/configuration")
    require_accessible(page, *SCHEMES)
