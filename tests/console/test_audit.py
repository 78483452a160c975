"""The audit log in the console."""

from __future__ import annotations

import httpx2
import pytest
from playwright.sync_api import expect

from api.callers import issue_token
from api.console import audit
from engine.keys import Keys
from engine.store.audit import ACTS
from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site
from tests.servers import TRUST

SCRIPT = "def rule(user, context):\n    pass\n"


def test_every_act_can_be_chosen() -> None:
    assert {f"{kind}.{verb}" for kind, verbs in audit.ACTS.items() for verb in verbs} == set(ACTS)


def test_who_changed_what(page_of: PageOf, site: Site) -> None:
    rule = site.add("first", SCRIPT)
    site.call("PATCH", f"/v1/rules/{rule}", {"name": "second", "enabled": False})
    page = page_of()
    page.goto(f"{site.home}/audit")
    entries = page.locator(".entries > li")
    expect(entries).to_have_count(3)
    newest = entries.first
    expect(newest).to_contain_text("rule.change")
    expect(newest).to_contain_text(f"second {rule}")
    expect(newest).to_contain_text("by ann")
    expect(newest.get_by_role("link", name="revision 3")).to_be_visible()
    expect(newest.locator("tr.removed")).to_contain_text(['"name": "first"', '"enabled": true'])
    expect(newest.locator("tr.added")).to_contain_text(['"name": "second"', '"enabled": false'])


def test_filters(page_of: PageOf, site: Site) -> None:
    rule = site.add("first", SCRIPT)
    site.call("PUT", "/v1/configuration/KEY", {"value": "a-secret-value"})
    page = page_of()
    page.goto(f"{site.home}/audit")
    page.get_by_label("What was done").select_option("rule")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".entries > li")).to_have_count(1)
    expect(page.locator(".entries > li")).to_contain_text(rule)
    expect(page.get_by_label("What was done")).to_have_value("rule")
    page.get_by_label("By", exact=True).fill("<b>nobody</b>")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="Nothing was found")).to_be_visible()
    expect(page.get_by_label("By", exact=True)).to_have_value("<b>nobody</b>")
    page.get_by_role("link", name="No filters").click()
    expect(page.locator(".entries > li")).to_have_count(3)
    assert "a-secret-value" not in page.content()


def test_a_filter_that_cannot_be_read(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/audit?since=<img src=x>")
    expect(page.get_by_role("alert").filter(has_text="since")).to_be_visible()
    expect(page.get_by_label("Since")).to_have_value("<img src=x>")
    require_accessible(page)


def test_pages(page_of: PageOf, site: Site) -> None:
    for number in range(52):
        site.call("PUT", f"/v1/configuration/KEY{number}", {"value": "x"})
    page = page_of()
    page.goto(f"{site.home}/audit?act=configuration")
    expect(page.locator(".entries > li")).to_have_count(50)
    page.get_by_role("link", name="Earlier ones").click()
    expect(page.locator(".entries > li")).to_have_count(2)
    expect(page.get_by_label("What was done")).to_have_value("configuration")
    expect(page.locator(".entries > li").last).to_contain_text("KEY0")


def test_every_tenant(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/audit?act=tenant.create&tenants=all")
    expect(page.locator(".entries > li").first).to_contain_text(f"tenant {site.tenant}")
    assert page.locator(".entries > li").count() > 1


def test_names_of_people_are_text(page_of: PageOf, site: Site) -> None:
    """A subject is whatever an issuer says."""
    hostile = "<img src=x onerror=document.title='taken'></script>{{ 7 * 7 }}"
    token = issue_token(Keys(site.secret), scope="admin", tenant=site.tenant, subject=hostile, expires_in=60)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=site.url, trust_env=False, headers=headers, verify=TRUST) as client:
        assert client.put("/v1/configuration/KEY", json={"value": "x"}).is_success
        assert client.put("/v1/modules/geo", json={"script": "A = 1\n"}).is_success
        assert client.put("/v1/shadow", json={"revision": 1}).is_success
    page = page_of()
    for screen in ("audit", "configuration", "revisions", "revisions/2", "modules/geo", "shadow"):
        page.goto(f"{site.home}/{screen}")
        expect(page.locator("main")).to_contain_text(hostile)
        assert "taken" not in page.title()


def test_it_needs_the_scope(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read executions:read")
    page.goto(f"{site.home}/audit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")


@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_used_by_everybody(page_of: PageOf, site: Site, width: int) -> None:
    rule = site.add("first", SCRIPT)
    site.call("PATCH", f"/v1/rules/{rule}", {"name": "x" * 128})
    page = page_of(width=width)
    page.goto(f"{site.home}/audit")
    require_accessible(page, *SCHEMES)
