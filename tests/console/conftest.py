"""A real service, a real browser, and pages of somebody who is signed in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from tests.console.browser import barriers, browser
from tests.console.site import Site
from tests.test_lifecycle import Served, serving

__all__ = ["browser"]

PageOf = Callable[..., Page]
SCHEMES = ("light", "dark")
WAIT = 15_000  # milliseconds: only a page that is wrong takes so long
# What a browser says of every error of the service, be it expected; all but the first is htmx, whose refreshing may
# meet any test that takes the connection away.
EXPECTED = ("Failed to load resource", "Response Status Error Code", "htmx:sendError", "htmx:afterRequest")

_numbers = itertools.count(1)
expect.set_options(timeout=WAIT)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def site(served: Served) -> Site:
    """A tenant of its own, without rules."""
    secret = (served.data / "secret").read_text().strip()
    site = Site(served.address(), secret, f"console{next(_numbers)}")
    site.call("PUT", f"/v1/tenants/{site.tenant}")
    return site


@pytest.fixture
def page_of(site: Site, browser: Browser) -> Iterator[PageOf]:
    """Opens pages of somebody who is signed in with `scope`. Fails for anything that a browser complains of."""
    contexts, complaints = list[BrowserContext](), list[str]()

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    def page_of(scope: str = "admin", width: int = 1440, scheme: Any = "light", **options: Any) -> Page:
        shown: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        # Nothing is on its way from one colour to another while its contrast is measured.
        context = browser.new_context(**shown, reduced_motion="reduce", **options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", heard)
        come_in(page, site, site.token(scope))
        return page

    yield page_of
    for context in contexts:
        context.close()
    assert not [said for said in complaints if not said.startswith(EXPECTED)]


def come_in(page: Page, site: Site, token: str) -> None:
    """As `sign_in`, without the form: what it sends is sent, and what it leads to is opened."""
    form: dict[str, Any] = {"token": token, "next": ""}
    answer = page.context.request.post(f"{site.url}/console/sign-in", form=form, max_redirects=0)
    assert answer.status == 303, answer.text()
    page.goto(urljoin(site.url, answer.headers["location"]))


def sign_in(page: Page, site: Site, token: str) -> None:
    """By the form, as people do."""
    page.goto(f"{site.url}/console/sign-in")
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/t/**")


def late(page: Page, pattern: str, ask: Callable[[], None]) -> Callable[[], None]:
    """What `ask` makes the page ask for is held back; its answer comes when what this answers with is called."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def answer() -> None:
        with page.expect_response(pattern) as response:
            held[0].continue_()
        response.value.finished()
        page.unroute(pattern)
        page.wait_for_timeout(200)  # until the page has taken it

    page.route(pattern, hold)
    with page.expect_request(pattern):
        ask()
    while not held:
        page.wait_for_timeout(10)
    return answer


def require_accessible(page: Page, *schemes: Any) -> None:
    """No violation that axe finds, as the page is shown or in each of these colour schemes, and nothing to be scrolled
    to sideways. It is left in the first of them."""
    for scheme in schemes or (None,):
        if scheme is not None:
            page.emulate_media(color_scheme=scheme)
        assert barriers(page) == [], scheme
    if schemes:
        page.emulate_media(color_scheme=schemes[0])
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} pixels too wide"
