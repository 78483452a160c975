"""The story of the project, in the browser: from an empty install to a token with the claim, and what is found when the
claim is not there any more."""

from __future__ import annotations

from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from examples.demo import issuer, log_in
from tests.console.authors import script_of, write
from tests.console.conftest import PageOf
from tests.console.site import Site

CLAIM = "https://example.com/permissions"
FIRST = """def rule(user, context):
    user.permissions = user.app_metadata.authorization.permissions
"""
SECOND = """def rule(user, context, callback):
    namespace = "https://example.com/"
    context.idToken[namespace + "permissions"] = user.permissions
    callback(None, user, context)
"""


def test_from_an_empty_install_to_the_claim_and_why_it_went(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.get_by_role("link", name="Write the first one").click()
    deployed(page, "authorization-extension", FIRST)
    with issuer(f"{site.url}/v1/execute", site.token("execute")) as url:
        assert CLAIM not in login(url)
        page.get_by_role("link", name="Rules").click()
        page.get_by_role("link", name="New rule").click()
        deployed(page, "permissions-claim", SECOND)
        assert login(url)[CLAIM]

        page.get_by_role("link", name="Rules").click()
        page.wait_for_load_state()  # a switch does nothing before its script is there
        page.get_by_role("switch", name="permissions-claim runs").click()
        expect(page.get_by_text("permissions-claim does not run any more")).to_be_visible()
        assert CLAIM not in login(url)

        site.recorded(3)
        page.get_by_role("link", name="Executions").click()
        page.locator("main tbody a, main li a").first.click()
        page.get_by_role("combobox", name="Claim").fill(CLAIM)
        page.get_by_role("button", name="Why?", exact=True).click()
        answer = page.locator("#answer")
        expect(answer).to_contain_text("authorization-extension")
        expect(answer).to_contain_text("permissions-claim")
        answer.get_by_role("link", name="permissions-claim").first.click()

        expect(page.get_by_role("heading", name="permissions-claim")).to_be_visible()
        page.get_by_role("checkbox", name="Enabled").check()
        deploy(page)
        assert login(url)[CLAIM]


def login(url: str) -> dict[str, Any]:
    """The claims of the ID token, which the issuer has signed."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=10) as http:
        claims, _ = log_in(http)
    return claims


def deployed(page: Page, name: str, script: str) -> None:
    """A new rule, written and made live without looking: there is nothing yet that it could change."""
    page.get_by_label("Name", exact=True).fill(name)
    write(page, script_of(page), script)
    expect(page.locator("#checked")).to_have_text("No problems.")
    deploy(page)


def deploy(page: Page) -> None:
    page.locator("#flow").get_by_role("button", name="See what would change").click()
    expect(page.locator("#impact progress")).to_be_hidden()
    page.locator("#flow").get_by_role("button", name="Deploy…", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("Live as revision")).to_be_visible()
