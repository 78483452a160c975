"""Modules: read, written, gone back to an earlier source, and taken out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

ONE = 'def where():\n    return "</textarea><img src=x onerror=document.title=1>"\n'
TWO = 'def where():\n    return "here"\n'
USES = 'import geo\n\n\ndef rule(user, context):\n    context.idToken["https://example.com/geo"] = geo.where()\n'

PASTE = """(content, source) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", source);
  content.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def editor_is_there(page: Page) -> None:
    """It comes later than the page, and moves the buttons that stand below it."""
    expect(page.locator("#editor .cm-content")).to_be_visible()


def write(page: Page, source: str) -> None:
    """What stands in the editor then."""
    page.locator("#editor .cm-content").click()
    page.keyboard.press("Control+A")
    page.locator("#editor .cm-content").evaluate(PASTE, source)


def test_a_module_is_made(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/modules")
    expect(page.get_by_role("heading", name="No modules yet")).to_be_visible()
    page.get_by_role("link", name="New module").click()
    page.get_by_label("Name", exact=True).fill("geo")
    write(page, TWO)
    page.get_by_role("button", name="Save and make live").click()
    expect(page.get_by_role("status")).to_contain_text("Version 1 of `geo` is live, with revision 2.")
    assert site.call("GET", "/v1/modules/geo")["script"] == TWO
    page.goto(f"{site.home}/modules")
    expect(page.get_by_role("row", name="geo")).to_be_visible()


def test_its_source_is_text(page_of: PageOf, site: Site) -> None:
    site.call("PUT", "/v1/modules/geo", {"script": ONE})
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/modules/geo")
    assert page.locator("#script").input_value() == ONE
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("needs the scope rules:deploy")
    assert page.title() == "geo · Claimsmith"


def test_a_change_is_live_at_once(page_of: PageOf, site: Site) -> None:
    site.call("PUT", "/v1/modules/geo", {"script": ONE})
    site.add("uses-geo", USES)
    page = page_of()
    page.goto(f"{site.home}/modules/geo")
    write(page, TWO)
    page.get_by_role("button", name="Save and make live").click()
    expect(page.get_by_role("status")).to_contain_text("Version 2 of `geo` is live")
    assert site.execute()["idToken"]["https://example.com/geo"] == "here"
    expect(page.locator("#kept")).to_be_hidden()


def test_problems_have_their_lines_and_nothing_is_lost(page_of: PageOf, site: Site) -> None:
    site.call("PUT", "/v1/modules/geo", {"script": TWO})
    page = page_of()
    page.goto(f"{site.home}/modules/geo")
    wrong = TWO + "\nimport os\n"
    write(page, wrong)
    page.get_by_role("button", name="Save and make live").click()
    expect(page.locator("#wrong")).to_contain_text("line 4")
    expect(page.locator("#wrong")).to_contain_text("Nothing has gone live")
    assert page.locator("#script").input_value() == wrong
    require_accessible(page)
    assert site.call("GET", "/v1/modules/geo")["version"] == 1


def test_what_was_typed_is_kept_in_this_browser(page_of: PageOf, site: Site) -> None:
    site.call("PUT", "/v1/modules/geo", {"script": TWO})
    page = page_of()
    page.goto(f"{site.home}/modules/geo")
    write(page, TWO + "# more\n")
    page.goto(f"{site.home}/modules")
    page.goto(f"{site.home}/modules/geo")
    editor_is_there(page)
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#script")).to_have_value(TWO + "# more\n")
    page.goto(f"{site.home}/modules/geo")
    editor_is_there(page)
    page.get_by_role("button", name="Forget it").click()
    page.goto(f"{site.home}/modules/geo")
    expect(page.locator("#kept")).to_be_hidden()


def test_an_earlier_version_is_restored(page_of: PageOf, site: Site) -> None:
    for script in (ONE, TWO):
        site.call("PUT", "/v1/modules/geo", {"script": script})
    page = page_of()
    page.goto(f"{site.home}/modules/geo")
    editor_is_there(page)
    page.get_by_role("link", name="Restore version 1").click()
    expect(page.locator("main")).to_contain_text("This is the source of version 1.")
    editor_is_there(page)
    page.get_by_role("button", name="Save and make live").click()
    expect(page.get_by_role("status")).to_contain_text("of `geo` is live")
    assert site.call("GET", "/v1/modules/geo")["script"] == ONE


def test_one_that_is_imported_stays(page_of: PageOf, site: Site) -> None:
    site.call("PUT", "/v1/modules/geo", {"script": TWO})
    rule = site.add("uses-geo", USES)
    page = page_of()

    def delete() -> None:
        page.goto(f"{site.home}/modules/geo")
        editor_is_there(page)
        page.get_by_role("button", name="Delete the module").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete the module").click()

    delete()
    expect(page.locator("#wrong")).to_contain_text("uses-geo")
    assert site.call("GET", "/v1/modules")["modules"]
    site.call("DELETE", f"/v1/rules/{rule}")
    delete()
    expect(page.get_by_role("status")).to_contain_text("`geo` is taken out")
    assert site.call("GET", "/v1/modules")["modules"] == []
    page.goto(f"{site.home}/modules/geo")
    expect(page.locator("main")).to_contain_text("taken out")
    assert page.locator("#script").input_value() == TWO


@pytest.mark.parametrize("name", ["geo", "Geo", "a b"])
def test_names_that_cannot_be_had(page_of: PageOf, site: Site, name: str) -> None:
    site.call("PUT", "/v1/modules/geo", {"script": TWO})
    page = page_of()
    csrf = page.evaluate("document.body.dataset.csrf")
    form = {"csrf": csrf, "name": name, "script": ONE}
    sent = page.request.post(f"{site.home}/modules/new-module", form=form)
    assert sent.status == 422
    assert "&lt;/textarea&gt;" in sent.text()
    assert site.call("GET", "/v1/modules/geo")["script"] == TWO


def test_saving_needs_the_scope(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read rules:write")
    csrf = page.evaluate("document.body.dataset.csrf")
    for path in ("new-module", "geo", "geo/delete"):
        sent = page.request.post(f"{site.home}/modules/{path}", form={"csrf": csrf, "name": "geo", "script": TWO})
        assert sent.status == 403


def test_one_that_is_none(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/modules/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing here")


@pytest.mark.parametrize("width", [1440, 390])
def test_they_can_be_used_by_everybody(page_of: PageOf, site: Site, width: int) -> None:
    page = page_of(width=width)
    page.goto(f"{site.home}/modules")
    require_accessible(page, *SCHEMES)
    site.call("PUT", "/v1/modules/geo", {"script": f"LONG = '{'x' * 300}'\n"})
    site.call("PUT", "/v1/modules/geo", {"script": ONE})
    for screen in ("modules", "modules/geo", "modules/geo?version=1", "modules/new-module"):
        page.goto(f"{site.home}/{screen}")
        expect(page.locator("#editor .cm-content")).to_have_count(0 if screen == "modules" else 1)
        require_accessible(page, *SCHEMES)
