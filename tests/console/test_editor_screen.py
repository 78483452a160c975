"""The editor of a rule: what is wrong is underlined, and what is written is never lost."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.console.authors import CLAIM, HOSTILE, SCRIPT, open_rule, script_of, take_tab, write
from tests.console.conftest import SCHEMES, PageOf, late, require_accessible, sign_in
from tests.console.site import Site

UNDERLINED = ".cm-lintRange-error"
CASE = {
    "name": HOSTILE,
    "user": {"user_id": "u1", "email": "a@b.c", "n": 1.0},
    "context": {},
    "expect": {"idToken": {CLAIM: "a@b.c"}},
}


def test_problems_are_underlined_as_one_types(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    began = time.perf_counter()
    page.goto(f"{site.home}/rules/{rule}")
    script_of(page).click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("x")
    expect(script_of(page)).to_contain_text("x")
    print(f"\nto the first character: {time.perf_counter() - began:.2f} s")
    page.keyboard.press("Backspace")
    expect(page.locator("#checked")).to_have_text("No problems.")
    expect(page.locator(UNDERLINED)).to_have_count(0)

    pressed = time.perf_counter()
    page.keyboard.type("import os")
    page.locator(UNDERLINED).first.wait_for()
    print(f"from the last key to the underlined problem: {time.perf_counter() - pressed:.2f} s")
    expect(page.locator("#checked")).to_contain_text("1 error")
    problem = page.get_by_role("list", name="Problems of the script").get_by_role("listitem")
    expect(problem).to_contain_text("line 3")
    expect(problem).to_contain_text("`os` cannot be imported")  # and not what was wrong with a part of it
    script_of(page).press("ControlOrMeta+Home")
    problem.get_by_role("button", name="line 3").click()
    expect(script_of(page)).to_be_focused()
    page.keyboard.insert_text("HERE")
    expect(script_of(page)).to_contain_text("import HEREos")


def test_a_line_in_the_address(site: Site, page_of: PageOf) -> None:
    page = page_of()
    open_rule(page, site, site.add("one", SCRIPT), "#L2")
    page.keyboard.insert_text("HERE")
    expect(script_of(page)).to_contain_text("HERE    context.idToken")


def test_a_new_rule(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/new")
    expect(page.locator("#checked")).to_have_text("No problems.")
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_role("alert").filter(has_text="Give the rule a name first")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("new one")
    page.get_by_label("When it fails").select_option("skip")
    page.get_by_text("Only for some logins").click()
    page.get_by_label("Clients, one a line").fill("shop\n\n  web ")
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_text("Saved, and not live yet.").first).to_be_visible()
    (saved,) = site.call("GET", "/v1/rules")["rules"]
    assert page.url == f"{site.home}/rules/{saved['id']}"
    assert (saved["name"], saved["live"], saved["on_failure"]) == ("new one", False, "skip")
    assert saved["conditions"] == {"clients": ["shop", "web"]}
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("new one")
    expect(page.get_by_label("Clients, one a line")).to_have_value("shop\nweb")
    expect(page.locator("#offer")).to_be_empty()
    page.goto(f"{site.home}/rules/new")
    expect(page.get_by_label("Name")).to_have_value("")


def test_a_template_with_its_cases(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/new?template=slack")
    expect(page.get_by_label("Name")).to_have_value("slack")
    expect(page.get_by_text("This template reads values of the configuration")).to_contain_text("SLACK_HOOK_URL")
    expect(page.get_by_label("When it fails")).to_have_value("skip")
    page.get_by_label("Name").press("ControlOrMeta+Enter")
    take_tab(page, "Cases")
    page.get_by_role("button", name="Run all cases").click()
    expect(page.get_by_text(re.compile(r"All \d+ cases passed"))).to_be_visible()
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_text("Saved, and not live yet.").first).to_be_visible()
    (rule,) = site.call("GET", "/v1/rules")["rules"]
    kept = site.call("GET", f"/v1/rules/{rule['id']}/cases")["cases"]
    assert kept == site.call("GET", "/v1/templates/slack")["cases"]
    assert rule["script"] == site.call("GET", "/v1/templates/slack")["script"]


def test_a_template_that_is_none(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/new?template=../{HOSTILE}")
    expect(page.get_by_text("This is an empty rule instead")).to_contain_text(HOSTILE)
    expect(script_of(page)).to_contain_text("def rule(user, context)")


def test_what_was_not_saved_is_there_after_a_reload(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    write(page, script_of(page), SCRIPT + "# mine\n")
    page.get_by_label("Order").fill("77")
    expect(page.get_by_text("Your changes are kept in this browser.")).to_be_visible()
    page.reload()
    expect(script_of(page)).to_contain_text("# mine")
    expect(page.get_by_label("Order")).to_have_value("77")
    expect(page.locator("#offer")).to_contain_text("was kept in this browser, and is here again")
    page.get_by_role("button", name="Show the difference").click()
    expect(page.locator("#offer .cm-insertedLine, #offer .cm-changedLine").first).to_contain_text("# mine")
    require_accessible(page)
    page.get_by_role("button", name="Use what is saved instead").click()
    expect(script_of(page)).not_to_contain_text("# mine")
    expect(page.get_by_label("Order")).not_to_have_value("77")
    page.reload()
    expect(page.locator("#offer")).to_contain_text("put aside in this browser")
    page.get_by_role("button", name="Bring it back").click()
    expect(script_of(page)).to_contain_text("# mine")
    page.reload()
    expect(script_of(page)).to_contain_text("# mine")


def test_what_was_not_saved_outlives_the_sign_in(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    page.context.clear_cookies()
    write(page, script_of(page), SCRIPT + "# mine\n")
    again = page.get_by_role("link", name="Sign in again")
    expect(again).to_be_visible()  # the check of what was written was refused
    link = again.element_handle()
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.locator("#failed")).not_to_be_empty()
    expect(page.get_by_text("Your sign-in has ended. What you typed is kept.")).to_be_visible()
    assert link.evaluate("link => link.isConnected")  # whoever is about to click it has it still
    with page.context.expect_page() as opened:
        again.click()
    opened.value.get_by_label("Your token").fill(site.token())
    opened.value.keyboard.press("Enter")
    expect(script_of(opened.value)).to_contain_text("# mine")
    opened.value.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("You are signed in again.")).to_be_visible()
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_text("Saved, and not live yet.").first).to_be_visible()
    assert site.call("GET", f"/v1/rules/{rule}")["draft"]["script"].endswith("# mine\n")


def conflict(site: Site, page: Page) -> str:
    """Two write at once; answers with the rule."""
    rule = site.add("one", SCRIPT)
    open_rule(page, site, rule)
    write(page, script_of(page), SCRIPT + "# mine\n")
    site.call("PATCH", f"/v1/rules/{rule}", {"script": SCRIPT + "# theirs\n", "deploy": False})
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_role("heading", name="Somebody else has saved this rule meanwhile")).to_be_visible()
    expect(page.locator("#conflict .compared")).to_contain_text("# theirs")
    expect(page.locator("#conflict .compared")).to_contain_text("# mine")
    return rule


def test_of_two_who_save_nobody_loses_anything(site: Site, page_of: PageOf) -> None:
    page = page_of()
    rule = conflict(site, page)
    require_accessible(page)
    page.get_by_role("button", name="Go on with mine").click()
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_text("Saved, and not live yet.").first).to_be_visible()
    versions = site.call("GET", f"/v1/rules/{rule}/versions")["versions"]
    scripts = [site.call("GET", f"/v1/rules/{rule}/versions/{one['version']}")["script"] for one in versions]
    assert [script.rsplit("#")[-1] for script in scripts[:2]] == [" mine\n", " theirs\n"]


def test_ones_own_is_put_aside_for_the_others(site: Site, page_of: PageOf) -> None:
    page = page_of()
    conflict(site, page)
    page.get_by_role("button", name="Take what was saved").click()
    expect(script_of(page)).to_contain_text("# theirs")
    page.reload()
    expect(script_of(page)).to_contain_text("# theirs")
    page.get_by_role("button", name="Bring it back").click()
    expect(script_of(page)).to_contain_text("# mine")


def test_what_is_kept_meets_what_was_saved_meanwhile(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    write(page, script_of(page), SCRIPT + "# mine\n")
    site.call("PATCH", f"/v1/rules/{rule}", {"script": SCRIPT + "# theirs\n"})
    page.reload()
    expect(page.get_by_role("heading", name="Somebody else has saved this rule meanwhile")).to_be_visible()
    expect(script_of(page)).to_contain_text("# mine")


def test_a_browser_without_room_says_so(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    page.evaluate("localStorage.setItem('full', 'x'.repeat(5 * 1024 * 1024 - 200))")
    write(page, script_of(page), SCRIPT + "#" + "x" * 2000)
    expect(page.get_by_text("This browser cannot keep your changes: save them before you leave.")).to_be_visible()
    page.keyboard.press("ControlOrMeta+s")
    expect(page.get_by_text("Saved, and not live yet.").first).to_be_visible()
    expect(page.get_by_text("cannot keep your changes")).to_have_count(0)


def test_cases_of_two_people_are_put_together(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    take_tab(page, "Cases")
    page.get_by_role("button", name="Add a case").click()
    site.call("PUT", f"/v1/rules/{rule}/cases", {"cases": [CASE]})
    page.get_by_role("button", name="Save the cases").click()
    expect(page.get_by_role("heading", name="Somebody else has changed the cases meanwhile")).to_be_visible()
    require_accessible(page)
    page.get_by_role("button", name="Put both together").click()
    expect(page.locator("#conflict")).to_be_empty()  # theirs have come
    page.get_by_role("button", name="Save the cases").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    names = [one["name"] for one in site.call("GET", f"/v1/rules/{rule}/cases")["cases"]]
    assert names == [HOSTILE, "what it is about"]


def test_cases_that_come_late_take_nothing_away(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.call("PUT", f"/v1/rules/{rule}/cases", {"cases": [CASE]})
    page = page_of()
    answer = late(page, "**/cases", lambda: open_rule(page, site, rule))
    take_tab(page, "Cases")
    page.get_by_role("button", name="Add a case").click()
    script_of(page).click()
    page.keyboard.press("ControlOrMeta+Enter")
    answer()
    expect(page.get_by_text("All 2 cases passed.")).to_be_visible()


def test_a_rule_that_there_is_not(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/rules/rul_none")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing here")


def test_a_name_that_is_taken(site: Site, page_of: PageOf) -> None:
    site.add("one", SCRIPT)
    rule = site.add("two", SCRIPT)
    page = page_of()
    open_rule(page, site, rule)
    page.get_by_label("Name").fill("one")
    page.get_by_role("button", name="Save without deploying").click()
    expect(page.get_by_role("alert").filter(has_text="has the name `one` already")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("one")


def test_cases_run_with_one_key(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.call(
        "PUT", f"/v1/rules/{rule}/cases", {"cases": [CASE, {**CASE, "name": "fails", "expect": {"decision": "deny"}}]}
    )
    page = page_of()
    open_rule(page, site, rule)
    script_of(page).click()
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.get_by_text("1 case of 2 failed.")).to_be_visible()
    expect(page.locator(".cases summary").first).to_contain_text(f"passed {HOSTILE}")
    table = page.get_by_role("region", name="What is not as expected")
    expect(table.get_by_role("row").nth(1)).to_have_text('decision"deny""allow"')
    expect(page.get_by_text("The cases run every line.")).to_be_visible()
    require_accessible(page)

    write(
        page,
        page.get_by_label("The case fails as JSON"),
        '{"name": "mended", "user": {"user_id": "u1", "n": 1.0}, "context": {}, "expect": {"idToken": {"'
        + CLAIM
        + '": null}}}',
    )
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.get_by_text("All 2 cases passed.")).to_be_visible()
    write(page, script_of(page), SCRIPT + "    raise ValueError('no')\n")
    expect(page.get_by_text("2 cases, not run yet.")).to_be_visible()
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.get_by_text("2 cases of 2 failed.")).to_be_visible()
    write(page, script_of(page), SCRIPT)  # not undone: how much that takes back, the time between the keys decides
    page.get_by_role("button", name="Save the cases").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert [one["name"] for one in site.call("GET", f"/v1/rules/{rule}/cases")["cases"]] == [HOSTILE, "mended"]
    assert page.title() == "one · Claimsmith"


def test_a_case_of_a_login(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    site.execute({"user_id": "u1", "email": HOSTILE})
    site.recorded(1)
    page = page_of()
    open_rule(page, site, rule)
    take_tab(page, "Cases")
    page.get_by_text("Make a case of a recorded login").click()
    page.get_by_role("button", name="Make a case").click()
    expect(page.get_by_text("1 case, not run yet.")).to_be_visible()
    page.get_by_role("button", name="Run all cases").click()
    expect(page.get_by_text("All 1 case passed.")).to_be_visible()
    page.reload()
    take_tab(page, "Cases")
    expect(page.get_by_text("1 case, not run yet.")).to_be_visible()
    page.get_by_role("button", name="Save the cases").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    (case,) = site.call("GET", f"/v1/rules/{rule}/cases")["cases"]
    assert case["user"] == {"user_id": "u1", "email": HOSTILE}


@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_used_by_everybody(site: Site, page_of: PageOf, width: int) -> None:
    long = SCRIPT + "    # " + "long " * 60 + "\n    print('x')\n" * 60
    rule = site.add("one", long)
    site.call("PUT", f"/v1/rules/{rule}/cases", {"cases": [CASE]})
    page = page_of(width=width)
    open_rule(page, site, rule)
    require_accessible(page, *SCHEMES)
    for tab in ("Cases", "What would change"):
        take_tab(page, tab)
        require_accessible(page, *SCHEMES)
    page.get_by_role("tab", name="What would change").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Cases")).to_be_focused()
    write(page, script_of(page), long + "import os\n")
    expect(page.locator("#checked")).to_contain_text("1 error")
    require_accessible(page, *SCHEMES)


def test_who_may_not_write_can_read(site: Site, page_of: PageOf) -> None:
    rule = site.add("one", SCRIPT)
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/rules/{rule}")
    expect(script_of(page)).to_contain_text(CLAIM)
    expect(page.get_by_label("Name")).to_be_disabled()
    expect(page.locator("#lacking")).to_contain_text("Changing a rule needs the scope rules:write")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    require_accessible(page)


def test_of_two_people_each_has_their_own_drafts(site: Site, page_of: PageOf) -> None:
    """A draft is kept by tenant and rule: another rule's page does not show it."""
    one, two = site.add("one", SCRIPT), site.add("two", SCRIPT)
    page = page_of()
    open_rule(page, site, one)
    write(page, script_of(page), SCRIPT + "# mine\n")
    sign_in(page, site, site.token())
    open_rule(page, site, two)
    expect(script_of(page)).not_to_contain_text("# mine")
