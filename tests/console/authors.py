"""What an author does on the console's pages."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.console.site import Site

CLAIM = "https://example.com/a"
SCRIPT = f'def rule(user, context):\n    context.idToken["{CLAIM}"] = user.get("email")\n'
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


def script_of(page: Page) -> Locator:
    return page.get_by_label("The script of the rule")


def open_rule(page: Page, site: Site, rule: str, anchor: str = "") -> None:
    """The editor, once what it has to fetch is there."""
    page.goto(f"{site.home}/rules/{rule}{anchor}")
    expect(page.locator("#checked")).to_have_text("No problems.")


def write(page: Page, field: Locator, text: str) -> None:
    """In the place of what is in an editor. Not by keys: those close brackets."""
    field.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def take_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def give_login(page: Page, text: str) -> None:
    write(page, page.get_by_label("The login as JSON"), text)
