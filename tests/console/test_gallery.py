"""The gallery: found by words, looked at, begun with."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site


def test_it_is_searched_while_one_types(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/templates")
    everything = page.locator(".card").count()
    assert everything > 50
    page.get_by_role("searchbox", name="Search").press_sequentially("email address")
    expect(page.get_by_role("status").filter(has_text="have “email address”")).to_be_visible()
    assert 0 < page.locator(".card").count() < everything
    expect(page).to_have_url(f"{site.home}/rules/templates?q=email%20address")
    page.reload()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("email address")
    page.get_by_role("searchbox", name="Search").fill("<b>nothing</b> of the kind")
    expect(page.get_by_role("heading", name="Nothing has all of these words")).to_be_visible()
    expect(page.get_by_text("have “<b>nothing</b> of the kind”")).to_be_visible()


def test_one_is_looked_at_and_used(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/templates?q=country")
    page.locator(".card a").first.click()
    expect(page.get_by_role("heading", name="Source")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text("def rule(user, context")
    name = page.url.rpartition("/")[2]
    expect(page.get_by_role("link", name="Use this")).to_have_attribute(
        "href", f"/console/t/{site.tenant}/rules/new?template={name}"
    )
    page.locator("summary", has_text="").last.click()
    require_accessible(page)


def test_one_that_is_not_there(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/rules/templates/none")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing here")


@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_use_it(page_of: PageOf, site: Site, width: int) -> None:
    page = page_of(scope="rules:read", width=width)
    page.goto(f"{site.home}/rules/templates")
    require_accessible(page, *SCHEMES)
    page.locator(".card a").first.click()
    expect(page.get_by_role("heading", name="Source")).to_be_visible()
    expect(page.get_by_role("link", name="Use this")).to_have_count(0)
    require_accessible(page, *SCHEMES)
