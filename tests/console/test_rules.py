"""The list of rules: their order by mouse and keyboard, which run, and how they do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

HOSTILE = '<img src=x onerror="document.title=1">'
CLAIM = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = user.user_id\n'
NAMES = ["one", "two", "three"]


@pytest.fixture
def rules(site: Site) -> dict[str, str]:
    return {name: site.add(name, f'"""About {name}"""\n{CLAIM}', order=place) for place, name in enumerate(NAMES)}


def test_a_site_without_rules_teaches(page_of: PageOf, site: Site) -> None:
    page = page_of()
    expect(page.get_by_role("heading", name="No rules yet")).to_be_visible()
    expect(page.get_by_role("link", name="Write the first one")).to_have_attribute(
        "href", f"/console/t/{site.tenant}/rules/new"
    )
    require_accessible(page)


def test_the_keyboard_puts_them_in_order(page_of: PageOf, site: Site, rules: dict[str, str]) -> None:
    page = page_of()
    page.get_by_role("button", name="Move three").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#moves")).to_have_text("Place 1 of 3.")
    page.keyboard.press("Space")
    assert shown(page) == ["three", "one", "two"]
    assert live(site) == NAMES
    page.get_by_role("button", name="Deploy this order").click()
    expect(page.get_by_role("status").filter(has_text="is live, in this order")).to_be_visible()
    assert live(site) == ["three", "one", "two"]
    expect(page.locator("#order-changed")).to_be_hidden()


def test_escape_puts_it_back(page_of: PageOf, rules: dict[str, str]) -> None:
    page = page_of()
    page.get_by_role("button", name="Move one").focus()
    page.keyboard.press("Space")
    page.keyboard.press("End")
    assert shown(page) == ["two", "three", "one"]
    page.keyboard.press("Escape")
    assert shown(page) == NAMES
    expect(page.locator("#order-changed")).to_be_hidden()


def test_a_mouse_drags_them(page_of: PageOf, site: Site, rules: dict[str, str]) -> None:
    page = page_of()
    drag(page, page.get_by_role("button", name="Move one"), page.locator("#pipeline li").nth(2))
    assert shown(page) == ["two", "three", "one"]
    page.get_by_role("button", name="Put it back").click()
    assert shown(page) == NAMES
    drag(page, page.get_by_role("button", name="Move one"), page.locator("#pipeline li").nth(2))
    page.get_by_role("button", name="Deploy this order").click()
    expect(page.locator("#order-changed")).to_be_hidden()
    assert live(site) == ["two", "three", "one"]


def test_clicks_do_it_too(page_of: PageOf, rules: dict[str, str]) -> None:
    page = page_of()
    page.get_by_role("button", name="Move one").click()
    page.locator("li[data-name=one]").get_by_role("button", name="Down").click()
    assert shown(page) == ["two", "one", "three"]
    page.get_by_role("button", name="Move one").click()
    expect(page.locator(".lifted")).to_have_count(0)


def test_an_order_that_is_late(page_of: PageOf, site: Site, rules: dict[str, str]) -> None:
    """Somebody else has taken a rule out meanwhile: nothing is changed, and it is said."""
    page = page_of()
    site.call("DELETE", f"/v1/rules/{rules['two']}")
    page.get_by_role("button", name="Move one").focus()
    for key in ("Space", "ArrowDown", "Space"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Deploy this order").click()
    expect(page.locator("#alarms .error")).to_be_visible()
    assert live(site) == ["one", "three"]


def test_they_are_switched_off_and_on(page_of: PageOf, site: Site, rules: dict[str, str]) -> None:
    page = page_of()
    switch = page.get_by_role("switch", name="two runs")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("status").filter(has_text="two does not run any more: revision 5 is live.")).to_be_visible()
    assert site.call("GET", f"/v1/rules/{rules['two']}")["enabled"] is False
    page.reload()
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")


def test_whoever_may_not_deploy_makes_drafts(page_of: PageOf, site: Site, rules: dict[str, str]) -> None:
    page = page_of(scope="rules:read rules:write")
    expect(page.get_by_role("button", name="Move one")).to_have_count(0)
    page.get_by_role("switch", name="two runs").click()
    expect(page.get_by_role("status").filter(has_text="somebody who may deploy has to make it live")).to_be_visible()
    assert site.call("GET", f"/v1/rules/{rules['two']}")["enabled"] is True
    page.reload()
    expect(page.locator("li[data-name=two]")).to_contain_text("changed, not live")


def test_whoever_may_only_read_changes_nothing(page_of: PageOf, rules: dict[str, str]) -> None:
    page = page_of(scope="rules:read")
    expect(page.get_by_role("switch", name="two runs")).to_be_disabled()
    expect(page.get_by_role("link", name="New rule")).to_have_count(0)
    expect(page.get_by_text("With the scope executions:read")).to_be_visible()


def test_how_they_do(page_of: PageOf, site: Site, rules: dict[str, str]) -> None:
    site.add("failing", "def rule(user, context):\n    1 / 0\n", order=9, on_failure="skip")
    for _ in range(3):
        site.execute()
    site.recorded(3)
    page = page_of()
    expect(page.locator("li[data-name=three] .did")).to_contain_text("https://example.com/a")
    expect(page.locator("li[data-name=three] .did div").first).to_contain_text("3")
    failed = page.locator("li[data-name=failing]").get_by_role("link", name="3")
    assert f"rule={site.call('GET', '/v1/rules')['rules'][3]['id']}" in str(failed.get_attribute("href"))


@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_use_it(page_of: PageOf, site: Site, rules: dict[str, str], width: int) -> None:
    site.add("n" * 60, f'"""{HOSTILE}"""\n{CLAIM}', order=7, enabled=False, conditions={"clients": [HOSTILE]})
    site.execute()
    site.recorded(1)
    page = page_of(width=width)
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.title() == "Rules · Claimsmith"
    page.get_by_role("button", name="Move one").focus()
    page.keyboard.press("Space")
    require_accessible(page, *SCHEMES)


def drag(page: Page, handle: Locator, to: Locator) -> None:
    start, end = handle.bounding_box(), to.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + end["height"] - 4, steps=8)
    page.mouse.up()


def shown(page: Page) -> list[str]:
    return [str(row.get_attribute("data-name")) for row in page.locator("#pipeline li").all()]


def live(site: Site) -> list[str]:
    return [rule["name"] for rule in site.call("GET", "/v1/rules")["rules"]]
