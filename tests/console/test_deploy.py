"""From a change to its deployment: what would change is looked at first, and deploying without is possible."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.authors import CLAIM, HOSTILE, SCRIPT, open_rule, script_of, take_tab, write
from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

CHANGED = SCRIPT.replace('get("email")', 'get("name")')
LOOK = "See what would change"


def button(page: Page, name: str) -> Locator:
    return page.locator("#flow").get_by_role("button", name=name, exact=True)


def look(page: Page) -> Locator:
    """What would change: the sentence that says it."""
    button(page, LOOK).click()
    state = page.locator("#impact > [role=status]")
    expect(page.locator("#impact progress")).to_be_hidden()
    return state


def test_edit_look_and_deploy(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    for name in ("Ann", "Bob", HOSTILE):
        site.execute({"user_id": name, "email": "a@b.c", "name": name}, {"clientID": name})
    site.execute({"user_id": "same", "email": "s", "name": "s"})
    site.recorded(4)
    page = page_of()
    open_rule(page, site, rule)
    expect(page.get_by_text("nothing is changed here")).to_be_visible()
    expect(button(page, LOOK)).to_be_hidden()
    write(page, script_of(page), CHANGED)
    expect(button(page, LOOK)).to_have_class("main")
    expect(button(page, "Deploy without looking…")).to_have_class("plain")
    expect(look(page)).to_contain_text("3 of 4 logins of the last 24 hours would have been otherwise.")
    expect(page.get_by_role("region", name="What would change, by claim")).to_contain_text(CLAIM)
    expect(page.get_by_role("region", name="What would change, by client")).to_contain_text(HOSTILE)
    require_accessible(page)

    page.get_by_role("region", name="What would change, by logins").get_by_role("button", name="Example 1").click()
    opened = page.get_by_role("region", name="An example, by logins")
    expect(opened.get_by_role("row", name=f"idToken {CLAIM}")).to_contain_text("a@b.c")
    expect(opened.locator(".compared")).to_contain_text("a@b.c")
    require_accessible(page)
    opened.get_by_role("button", name="Close").click()

    expect(button(page, "Deploy…")).to_have_class("main")
    button(page, "Deploy…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 of 4 logins would have been otherwise")
    expect(dialog.locator(".compared")).to_contain_text('get("name")')
    require_accessible(page)
    dialog.get_by_label("Why, for whoever reads the revisions").fill(f"names instead of addresses {HOSTILE}")
    dialog.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("Live as revision 3.")).to_be_visible()
    assert site.call("GET", "/v1/revisions/3")["message"] == f"names instead of addresses {HOSTILE}"
    expect(dialog).to_have_count(0)
    assert site.call("GET", f"/v1/rules/{rule}")["script"] == CHANGED
    page.reload()
    expect(page.get_by_text("Live in revision 3, and nothing is changed here.")).to_be_visible()
    assert page.title() == "one · Claimsmith"


def test_what_was_looked_at_is_exactly_this_text(site: Site, page_of: PageOf) -> None:
    page = page_of()
    open_rule(page, site, site.add("one", SCRIPT))
    write(page, script_of(page), CHANGED)
    expect(look(page)).to_contain_text("Nothing was recorded in the last 24 hours")
    expect(button(page, "Deploy…")).to_have_class("main")
    script_of(page).press("ControlOrMeta+End")
    page.keyboard.insert_text("# more\n")
    expect(button(page, "Deploy without looking…")).to_have_class("plain")
    expect(button(page, LOOK)).to_have_class("main")
    page.get_by_label("Order").fill("7")
    expect(look(page)).to_contain_text("Nothing was recorded")
    expect(button(page, "Deploy…")).to_have_class("main")
    site.add("other", SCRIPT)
    button(page, "Deploy…").click()
    expect(page.get_by_text("Other rules have gone live since you looked")).to_be_visible()
    button(page, "Deploy without looking…").click()
    page.get_by_role("dialog").get_by_role("button", name="Deploy without looking").click()
    expect(page.get_by_text("Live as revision 4.")).to_be_visible()


def test_something_else_goes_live_while_it_is_asked(site: Site, page_of: PageOf) -> None:
    """Between the dialog and its button: then nothing is deployed."""
    page = page_of()
    rule = site.add("one", SCRIPT)
    open_rule(page, site, rule)
    write(page, script_of(page), CHANGED)
    look(page)
    button(page, "Deploy…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Deploy", exact=True)).to_be_visible()
    site.add("other", SCRIPT)
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text("Other rules have gone live since you looked")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert site.call("GET", f"/v1/rules/{rule}")["script"] == SCRIPT
    look(page)
    button(page, "Deploy…").click()
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text("Live as revision 4.")).to_be_visible()


def test_nothing_changes(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.execute()
    site.recorded(1)
    page = page_of()
    open_rule(page, site, rule)
    write(page, script_of(page), SCRIPT + "# a remark\n")
    expect(look(page)).to_contain_text("Nothing changes: all 1 login of the last 24 hours would have been the same.")
    require_accessible(page)


def test_it_can_be_cancelled(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    for _ in range(30):
        site.execute()
    site.recorded(30)
    page = page_of()
    open_rule(page, site, rule)
    slow = "def rule(user, context):\n    x = 0\n    for one in range(300000):\n        x += one\n"
    write(page, script_of(page), slow)
    button(page, LOOK).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. Nothing came out.")).to_be_visible()
    expect(button(page, "Deploy without looking…")).to_be_visible()
    write(page, script_of(page), SCRIPT + "# quick\n")
    expect(look(page)).to_contain_text("Nothing changes: all 30 logins")


def test_a_new_rule_goes_live(site: Site, page_of: PageOf) -> None:
    site.add("first", SCRIPT)
    site.execute({"user_id": "u1", "email": "a@b.c", "name": "Ann"})
    site.recorded(1)
    page = page_of()
    page.goto(f"{site.home}/rules/new")
    page.get_by_label("Name").fill("second")
    write(
        page,
        script_of(page),
        f'def rule(user, context):\n    context.accessToken["{CLAIM}/b"] = context.idToken["{CLAIM}"]\n',
    )
    expect(look(page)).to_contain_text("1 of 1 login")
    button(page, "Deploy…").click()
    page.get_by_role("dialog").get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("Live as revision 3.")).to_be_visible()
    first, second = site.call("GET", "/v1/rules")["rules"]
    assert (second["name"], second["live"], second["order"] > first["order"]) == ("second", True, True)
    assert site.execute({"user_id": "u1", "email": "a@b.c"})["accessToken"] == {f"{CLAIM}/b": "a@b.c"}


def test_what_is_saved_is_deployed_later(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": CHANGED, "deploy": False})
    page = page_of()
    open_rule(page, site, rule)
    expect(page.get_by_text("Saved, and not live yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Save without deploying")).to_be_hidden()
    button(page, "Deploy without looking…").click()
    page.get_by_role("dialog").get_by_role("button", name="Deploy without looking").click()
    expect(page.get_by_text("Live as revision 3.")).to_be_visible()
    assert site.call("GET", f"/v1/rules/{rule}")["script"] == CHANGED


def test_what_does_not_compile_does_not_go_live(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    write(page, script_of(page), SCRIPT + "import os\n")
    button(page, "Deploy without looking…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Deploy without looking").click()
    expect(dialog.get_by_role("alert")).to_contain_text("line 3")
    require_accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(script_of(page)).to_contain_text("import os")
    assert site.call("GET", f"/v1/rules/{rule}")["script"] == SCRIPT


def test_of_two_who_deploy_both_are_shown(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    write(page, script_of(page), CHANGED)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": SCRIPT + "# theirs\n"})
    button(page, "Deploy without looking…").click()
    page.get_by_role("dialog").get_by_role("button", name="Deploy without looking").click()
    expect(page.get_by_role("heading", name="Somebody else has saved this rule meanwhile")).to_be_visible()
    assert site.call("GET", f"/v1/rules/{rule}")["script"].endswith("# theirs\n")


NO_DEPLOY = "Deploying needs the scope rules:deploy"
NO_IMPACT = "Seeing what would change needs the scope replay"
SCOPES = [
    ("rules:read rules:write", {"Save without deploying"}, [NO_DEPLOY, NO_IMPACT]),
    ("rules:read rules:write replay", {"Save without deploying", LOOK}, [NO_DEPLOY]),
    ("rules:read rules:write rules:deploy", {"Save without deploying", "Deploy…"}, [NO_IMPACT]),
]


@pytest.mark.parametrize(("scope", "buttons", "lacking"), SCOPES)
def test_scopes_decide_what_one_may(
    site: Site, page_of: PageOf, scope: str, buttons: set[str], lacking: list[str]
) -> None:
    page = page_of(scope=scope)
    open_rule(page, site, site.add("one", SCRIPT))
    write(page, script_of(page), CHANGED)
    expect(page.get_by_text("Your changes are kept in this browser.")).to_be_visible()
    shown = page.locator("#flow").get_by_role("button").all_inner_texts()
    assert set(shown) == buttons
    for text in lacking:
        expect(page.locator("#lacking")).to_contain_text(text)
    require_accessible(page)


def test_it_can_be_used_on_a_telephone(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.execute({"user_id": "u1", "email": "a@b.c", "name": "Ann"}, {"clientID": "client" * 20})
    site.recorded(1)
    page = page_of(width=390)
    open_rule(page, site, rule)
    write(page, script_of(page), CHANGED)
    expect(look(page)).to_contain_text("1 of 1 login")
    page.get_by_role("button", name="Example 1").first.click()
    expect(page.locator(".compared").first).to_contain_text("a@b.c")
    require_accessible(page, *SCHEMES)
    take_tab(page, "Try")
    button(page, "Deploy…").click()
    expect(page.get_by_role("dialog").locator(".compared")).to_contain_text("name")
    require_accessible(page, *SCHEMES)
