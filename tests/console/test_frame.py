"""What every screen has: sign-in, navigation by scopes, colours, and a way to go on when something fails."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import SCHEMES, PageOf, require_accessible, sign_in
from tests.console.site import Site

ASK = "import('/console/static/console.js').then((it) => it.get('/v1/rules')).then(() => true, () => false)"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


def test_in_and_out(site: Site, page_of: PageOf) -> None:
    page = page_of()
    assert page.url == f"{site.home}/rules"
    assert "claimsmith_session" not in page.evaluate("document.cookie")
    page.locator("summary", has_text="ann").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(f"{site.home}/rules")
    expect(page).to_have_url(f"{site.url}/console/sign-in?next=/console/t/{site.tenant}/rules")
    page.get_by_label("Your token").fill(site.token())
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.home}/rules")


@pytest.mark.parametrize(
    ("token", "said"), [("nonsense", "This token is not accepted"), ("Grüße", "has characters that no token has")]
)
def test_a_token_that_is_none(page_of: PageOf, site: Site, token: str, said: str) -> None:
    page = page_of()
    page.goto(f"{site.url}/console/sign-in")
    page.get_by_label("Your token").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(said)
    require_accessible(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_used_by_everybody(page_of: PageOf, width: int) -> None:
    page = page_of(width=width)
    require_accessible(page, *SCHEMES)
    if width == 390:
        page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("navigation", name="Screens").get_by_role("link", name="Rules")).to_be_visible()
    page.locator("summary", has_text="ann").click()
    require_accessible(page, *SCHEMES)


def test_a_screen_that_the_token_does_not_allow(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="executions:read")
    page.goto(f"{site.home}/rules")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")
    expect(page.locator("pre")).to_contain_text('--scope "executions:read rules:read"')
    expect(page.get_by_role("navigation", name="Screens").get_by_role("link", name="Rules")).to_have_count(0)
    require_accessible(page)


def test_another_tenant_does_not_exist(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read")
    page.goto(f"{site.url}/console/t/other/rules")
    expect(page.get_by_role("heading", level=1)).to_have_text("These are another tenant's things")
    require_accessible(page)


def test_colours_are_chosen_once(page_of: PageOf, site: Site) -> None:
    page = page_of()
    button = page.get_by_role("button", name="Colours")
    button.click()
    button.click()
    expect(button).to_have_attribute("aria-label", "Colours: dark")
    page.goto(f"{site.home}/rules")
    assert _ground(page) == "rgb(20, 24, 28)"
    button.click()
    assert _ground(page) == "rgb(255, 255, 255)"


def _ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_markup_is_text(page_of: PageOf, site: Site) -> None:
    page = page_of()
    sign_in(page, site, site.token())
    page.goto(f"{site.url}/console/sign-in?why={HOSTILE}&next={HOSTILE}")
    assert page.title() == "Sign in · Claimsmith"
    page.get_by_label("Your token").fill(HOSTILE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This token is not accepted")
    assert page.title() == "Sign in · Claimsmith"


def test_the_sign_in_that_ends_takes_nothing_away(page_of: PageOf, site: Site) -> None:
    """The page stays as it is while one signs in in another tab, and goes on with the new sign-in."""
    page = page_of()
    page.goto(f"{site.home}/rules/new#here")
    page.get_by_label("Name", exact=True).fill("half-written")
    page.context.clear_cookies()
    page.evaluate(ASK)
    expect(page.get_by_role("alert").filter(has_text="Your sign-in has ended")).to_be_visible()
    require_accessible(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    other = opened.value
    expect(other.get_by_role("status")).to_contain_text("what you were writing is kept")
    other.get_by_label("Your token").fill(site.token())
    other.keyboard.press("Enter")
    expect(other).to_have_url(f"{site.home}/rules/new#here")
    other.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("You are signed in again.")).to_be_visible()
    expect(page.locator("#banner")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_value("half-written")
    assert page.evaluate(ASK.replace("get('/v1/rules')", "call('POST', '/v1/rules/check', {body: {script: ''}})"))
