"""Versions of a rule: compared, and saved again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

SCRIPT = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = "{}"\n'
HOSTILE = "<script>document.title=1</script>"


@pytest.fixture
def rule(site: Site) -> str:
    """Three versions, the last of them not live."""
    rule_id = site.add("coloured", SCRIPT.format("red"))
    site.call("PATCH", f"/v1/rules/{rule_id}", {"script": SCRIPT.format("green")})
    site.call("PATCH", f"/v1/rules/{rule_id}", {"script": SCRIPT.format(HOSTILE), "deploy": False})
    return rule_id


def test_two_are_compared(page_of: PageOf, site: Site, rule: str) -> None:
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/rules/{rule}/history")
    expect(page.get_by_role("heading", name="From version 2 to 3")).to_be_visible()
    expect(page.locator("tr.added")).to_contain_text(HOSTILE)
    assert page.title() == "Versions of coloured · Claimsmith"
    page.get_by_label("Compare from version 1").check()
    page.get_by_label("Compare to version 2").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("tr.removed")).to_contain_text('"red"')
    expect(page.locator("tr.added")).to_contain_text('"green"')
    expect(page.get_by_role("button", name="again")).to_have_count(0)


def test_one_is_saved_again(page_of: PageOf, site: Site, rule: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/{rule}/history?from=1&to=3")
    page.get_by_role("button", name="Save version 1 again").click()
    page.wait_for_url(f"{site.home}/rules/{rule}")
    found = site.call("GET", f"/v1/rules/{rule}")
    assert (found["version"], found["draft"]["script"]) == (2, SCRIPT.format("red"))


@pytest.mark.parametrize("query", ["?from=99&to=-1", "?from=x", "?from=1&to=1", "?to=%00"])
def test_numbers_that_are_none(page_of: PageOf, site: Site, rule: str, query: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/{rule}/history{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Versions")


@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_use_it(page_of: PageOf, site: Site, rule: str, width: int) -> None:
    page = page_of(width=width)
    page.goto(f"{site.home}/rules/{rule}/history")
    require_accessible(page, *SCHEMES)
