"""Finding a login, and what came of it: for whoever is asked why a claim is not in a token."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site
from tests.relay import relay
from tests.test_lifecycle import Served

SAMPLES = Path(__file__).parents[2] / "sample_rules"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
PERMISSIONS = "https://example.com/permissions"
ADA = {
    "user_id": "auth0|ada",
    "email": "ada@example.com",
    "app_metadata": {"authorization": {"permissions": ["read:reports"]}},
}
COUNTS = """
def rule(user, context):
    print("counting", user.user_id)
    context.idToken["https://example.com/total"] = 1
    context.idToken["https://example.com/total"] = 2
    auth0.users.update_app_metadata(user.user_id, {"seen": True})
"""
FAILS = """
def rule(user, context):
    context.idToken["https://example.com/late"] = True
    if user.get("odd"):
        raise ValueError("this user is odd")
"""


def story(site: Site) -> tuple[str, str]:
    """The rules of the demonstration: one leaves permissions on the user, one copies them into the token."""
    return (
        site.add("authorization-extension", (SAMPLES / "authorization-extension.py").read_text()),
        site.add("permissions-claim", (SAMPLES / "permissions-claim.py").read_text()),
    )


def login(site: Site, user: Any = None, context: Any = None) -> str:
    """One login whose record can be read; its execution's id."""
    execution = str(site.execute(user or ADA, context)["execution_id"])
    until = time.monotonic() + 15
    while time.monotonic() < until:
        listed = site.call("GET", "/v1/executions?limit=500")["executions"]
        if execution in {one["execution_id"] for one in listed}:
            return execution
        time.sleep(0.05)
    raise AssertionError("the login was not recorded")


def rows(page: Page) -> list[str]:
    ids: list[str] = page.locator("#executions tbody tr").evaluate_all("rows => rows.map(row => row.dataset.id)")
    return ids


# The list


def test_nothing_yet_is_where_one_learns(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.get_by_role("link", name="Executions").click()
    expect(page.get_by_role("heading", name="No login yet")).to_be_visible()
    expect(page.locator(".empty pre")).to_contain_text(f"{site.url}/v1/execute")
    expect(page.locator(".empty pre")).to_contain_text(f"claimsmith token --tenant {site.tenant} --scope execute")
    require_accessible(page)


def test_filters_stand_in_the_address(site: Site, page_of: PageOf) -> None:
    site.add("fails", FAILS, on_failure="skip")
    fine = login(site, {"user_id": "ann"}, {"clientID": "web"})
    odd = login(site, {"user_id": "bob", "odd": True}, {"clientID": "app"})
    page = page_of()
    page.goto(f"{site.home}/executions")
    assert rows(page) == [odd, fine]
    expect(page.locator("tbody tr").first).to_contain_text("fails")
    found = {
        "User": ("ann", [fine]),
        "Client": ("app", [odd]),
        "Rule": ("fails", [odd, fine]),
        "Claim": ("https://example.com/late", [fine]),
        "Since": ("1h", [odd, fine]),
        "Until": ("1h", []),
    }
    for label, (text, ids) in found.items():
        page.goto(f"{site.home}/executions")
        page.get_by_label(label, exact=True).fill(text)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/executions?{label.lower()}=*")
        assert rows(page) == ids, label
        expect(page.get_by_label(label, exact=True)).to_have_value(text)
    expect(page.get_by_role("heading", name="No login matches")).to_be_visible()
    require_accessible(page)
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url(f"{site.home}/executions")  # and its scripts are there, which leave out what is empty
    page.get_by_label("Outcome").select_option("a rule failed")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(f"{site.home}/executions?outcome=failed")
    assert rows(page) == [odd]
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url(f"{site.home}/executions")
    page.get_by_label("Decision").select_option("deny")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(f"{site.home}/executions?decision=deny")
    assert rows(page) == []


def test_a_time_that_is_none_is_said_where_it_stands(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/executions?since=yesterday&user=ann")
    expect(page.get_by_role("alert").filter(has_text="is no time")).to_be_visible()
    expect(page.get_by_label("Since")).to_have_value("yesterday")
    expect(page.get_by_label("User")).to_have_value("ann")
    require_accessible(page)


def test_older_ones_stand_on_the_next_page(site: Site, page_of: PageOf) -> None:
    for number in range(52):
        site.execute({"user_id": f"u{number}"})
    login(site, {"user_id": "last"})
    page = page_of()
    page.goto(f"{site.home}/executions")
    assert len(rows(page)) == 50
    page.get_by_role("link", name="Older ones").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody tr").last).to_contain_text("u0")
    expect(page.get_by_role("switch", name="Live")).to_have_count(0)
    page.get_by_role("link", name="To the newest").click()
    expect(page.locator("tbody tr").first).to_contain_text("last")


def test_a_record_that_cannot_be_opened_is_said(site: Site, page_of: PageOf, served: Served) -> None:
    ann, bob = login(site, {"user_id": "ann"}), login(site, {"user_id": "bob"})
    with sqlite3.connect(served.data / "claimsmith.db") as connection:
        connection.execute("UPDATE executions SET record = x'00' WHERE id = ?", (bob,))
    page = page_of()
    page.goto(f"{site.home}/executions")
    assert rows(page) == [ann]
    expect(page.locator("#executions .warning")).to_contain_text("1 recorded login that belongs here cannot be opened")
    require_accessible(page)
    page.goto(f"{site.home}/health")
    expect(page.locator("main")).to_contain_text("1 of their records cannot be opened")


def test_a_login_made_meanwhile_appears(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/executions")
    live = page.get_by_role("switch", name="Live")
    live.click()
    expect(page.locator("#live-said")).to_have_text("New ones appear as they happen.")
    execution = login(site, {"user_id": "ann"})
    expect(page.locator(f'tr[data-id="{execution}"]')).to_be_visible()
    expect(page.get_by_role("heading", name="No login yet")).to_have_count(0)
    require_accessible(page)
    second = login(site, {"user_id": "bob"})
    expect(page.locator("tbody tr").first).to_contain_text("bob")
    assert rows(page) == [second, execution]
    page.reload()  # the switch stands in the address
    expect(live).to_have_attribute("aria-checked", "true")
    live.click()
    expect(page).to_have_url(f"{site.home}/executions")
    third = login(site, {"user_id": "cy"})
    page.wait_for_timeout(1500)
    assert third not in rows(page)


def test_the_live_list_is_filtered(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/executions?user=ann&live=on")
    expect(page.locator("#live-said")).to_have_text("New ones appear as they happen.")
    login(site, {"user_id": "bob"})
    execution = login(site, {"user_id": "ann"})
    expect(page.locator(f'tr[data-id="{execution}"]')).to_be_visible()
    assert rows(page) == [execution]


def test_nothing_moves_under_a_reader(site: Site, page_of: PageOf) -> None:
    first = login(site, {"user_id": "ann"})
    page = page_of()
    page.goto(f"{site.home}/executions?live=on")
    expect(page.locator("#live-said")).to_have_text("New ones appear as they happen.")
    row, button = page.locator("tbody tr"), page.get_by_role("button", name="Show 1 new")
    row.hover()
    place = row.bounding_box()
    second = login(site, {"user_id": "bob"})
    expect(button).to_be_visible()
    assert row.bounding_box() == place
    assert rows(page) == [first]
    box = button.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=20)  # as a hand does
    assert rows(page) == [first]
    require_accessible(page)
    page.mouse.down()
    page.mouse.up()
    expect(row).to_have_count(2)
    page.locator("tbody a").first.focus()
    third = login(site, {"user_id": "cy"})
    expect(page.get_by_role("button", name="Show 1 new")).to_be_visible()
    require_accessible(page)
    page.locator("h1").click()  # the focus leaves: nobody reads any more
    expect(page.locator("tbody tr")).to_have_count(3)
    assert rows(page) == [third, second, first]


def test_what_came_while_the_connection_was_broken_is_there(site: Site, page_of: PageOf) -> None:
    page = page_of()
    with relay(site.url) as way:
        page.goto(f"{way.url}/console/t/{site.tenant}/executions?live=on")
        said = page.locator("#live-said")
        expect(said).to_have_text("New ones appear as they happen.")
        way.cut()
        expect(said).to_contain_text("The connection is broken")
        made = [login(site, {"user_id": name}) for name in ("ann", "bob")]
        assert rows(page) == []
        require_accessible(page)
        way.mend()
        expect(said).to_have_text("New ones appear as they happen.", timeout=20_000)
        expect(page.locator("tbody tr")).to_have_count(2)
        assert rows(page) == made[::-1]
        made.append(login(site, {"user_id": "cy"}))
        expect(page.locator("tbody tr")).to_have_count(3)
        assert rows(page) == made[::-1]


def test_the_newest_stay(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/executions?live=on")
    expect(page.locator("#live-said")).to_have_text("New ones appear as they happen.")
    for number in range(210):
        site.execute({"user_id": f"u{number}"})
    last = login(site, {"user_id": "last"})
    expect(page.locator(f'tr[data-id="{last}"]')).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(200)
    assert rows(page) == sorted(rows(page), reverse=True)
    page.get_by_role("link", name="Older ones").click()
    expect(page.locator("tbody tr")).to_have_count(11)


def test_a_sign_in_that_ends_is_said(site: Site, page_of: PageOf) -> None:
    page = page_of()
    with relay(site.url) as way:
        page.goto(f"{way.url}/console/t/{site.tenant}/executions?live=on")
        expect(page.locator("#live-said")).to_have_text("New ones appear as they happen.")
        page.context.clear_cookies()
        way.cut()
        expect(page.locator("#live-said")).to_contain_text("The connection is broken")
        way.mend()
        expect(page.get_by_role("alert").filter(has_text="Your sign-in has ended")).to_be_visible(timeout=20_000)
        expect(page.get_by_role("switch", name="Live")).to_have_attribute("aria-checked", "false")


# One execution


def test_why_is_this_claim_not_in_my_token(site: Site, page_of: PageOf) -> None:
    """The question that started all of this."""
    first, second = story(site)
    site.call("PATCH", f"/v1/rules/{second}", {"enabled": False})
    execution = login(site)
    page = page_of()
    page.goto(f"{site.home}/executions")
    page.locator("tbody a").click()
    page.wait_for_url(f"**/executions/{execution}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Login of auth0|ada")
    page.get_by_label("Claim", exact=True).fill("permissions")
    page.keyboard.press("Enter")
    answer = page.locator("#answer")
    expect(answer).to_contain_text("permissions is not in the ID token")
    expect(answer).to_contain_text("no rule set permissions on context.idToken in this login")
    set_by = answer.get_by_role("link", name="authorization-extension line 13")
    expect(set_by).to_have_attribute("href", f"/console/t/{site.tenant}/rules/{first}/versions/1#L13")
    page.wait_for_url("**?claim=permissions&token=idToken*")
    require_accessible(page)
    page.reload()  # the address is the question
    expect(answer).to_contain_text("permissions is not in the ID token")
    page.get_by_label("Claim", exact=True).fill(PERMISSIONS)
    page.get_by_role("button", name="Why?").click()
    disabled = answer.locator("li", has_text="is disabled: enable it")
    expect(disabled).to_contain_text("rule disabled")
    link = disabled.get_by_role("link", name="permissions-claim line 15")
    expect(link).to_have_attribute("href", f"/console/t/{site.tenant}/rules/{second}/versions/1#L15")
    link.click()
    page.wait_for_url(f"{site.home}/rules/{second}#L15")
    line = page.locator(".cm-activeLine")
    expect(line.first).to_have_text("    context.idToken[CLAIM] = permissions")


def test_a_link_to_a_line_leads_to_the_version_that_ran(site: Site, page_of: PageOf) -> None:
    rule = site.add("counts", COUNTS)
    execution = login(site)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": f"# {HOSTILE}\n\n{COUNTS}"})
    site.call("PATCH", f"/v1/rules/{rule}", {"script": f"# another\n{COUNTS}", "deploy": False})
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    page.locator("tr.claim", has_text="https://example.com/total").locator(".set-by a").click()
    page.wait_for_url(f"{site.home}/rules/{rule}/versions/1#L5")
    line = page.locator("tr:target")
    expect(line).to_contain_text('context.idToken["https://example.com/total"] = 2')
    expect(line).to_be_in_viewport()
    assert line.evaluate("row => getComputedStyle(row.cells[0]).backgroundColor") != "rgba(0, 0, 0, 0)"
    expect(page.locator(".notice")).to_contain_text("This is version 1, as ann saved it")
    expect(page.locator("main textarea, main [contenteditable=true]")).to_have_count(0)
    require_accessible(page)
    page.get_by_role("link", name="what is different there").click()
    expect(page.get_by_role("heading", name="From version 1 to 3")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="version 3").click()
    page.wait_for_url(f"{site.home}/rules/{rule}")
    page.goto(f"{site.home}/rules/{rule}/versions/2#L1")
    expect(page.locator("tr:target")).to_contain_text(HOSTILE)
    expect(page.locator(".notice")).to_contain_text("It is live. The newest one is version 3")
    page.goto(f"{site.home}/rules/{rule}/versions/9")
    expect(page.locator("main")).to_contain_text("does not exist")
    site.call("DELETE", f"/v1/rules/{rule}")
    page.goto(f"{site.home}/rules/{rule}/versions/1#L5")
    expect(page.locator(".notice")).to_contain_text("The rule is deleted")
    expect(page.locator("tr:target")).to_contain_text("= 2")


def test_lines_are_counted_as_python_does(site: Site, page_of: PageOf) -> None:
    rule = site.add("counts", f"# no\u2028line \u0085ends \x0chere\r\n{COUNTS}")
    execution = login(site)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": COUNTS})
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    page.locator("tr.claim", has_text="https://example.com/total").locator(".set-by a").click()
    page.wait_for_url(f"{site.home}/rules/{rule}/versions/1#L6")
    expect(page.locator("tr:target")).to_contain_text("= 2")
    page.get_by_role("link", name="what is different there").click()
    expect(page.locator("tr.removed .at").first).to_have_text("1")
    expect(page.locator("tr.removed")).to_have_count(1)


def test_every_claim_says_who_set_it(site: Site, page_of: PageOf) -> None:
    rule = site.add("counts", COUNTS)
    execution = login(site, ADA, {"clientID": "web", "idToken": {"sent": "by the issuer"}})
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    total = page.locator("tr.claim", has_text="https://example.com/total")
    expect(total.locator(".set-by a")).to_have_attribute("href", f"/console/t/{site.tenant}/rules/{rule}/versions/1#L5")
    tip = total.get_by_role("tooltip")
    expect(tip).to_be_hidden()
    total.locator("td").first.hover()
    expect(tip).to_be_visible()
    expect(tip.locator("p").last).to_have_text("counts version 1, line 5: before: 1 → after: 2")
    expect(page.locator("#step-0")).to_have_class("wrote")
    expect(page.locator("#write-0-1")).to_have_class("wrote")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.mouse.move(0, 0)
    expect(page.locator("#step-0")).not_to_have_class("wrote")
    page.get_by_role("button", name="sent").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    sent = page.locator("tr.claim", has_text="sent")
    expect(sent.get_by_role("tooltip")).to_have_text("No rule wrote it: it is as the issuer sent it.")
    expect(sent.get_by_role("tooltip")).to_be_visible()
    require_accessible(page)
    total.get_by_role("link", name="Why?").click()
    expect(page.locator("#answer")).to_contain_text("https://example.com/total is in the ID token: 2")
    expect(page.locator("#answer .history li")).to_have_count(2)
    expect(page.get_by_label("Claim", exact=True)).to_have_value("https://example.com/total")
    options = page.locator("#known-claims option").evaluate_all("found => found.map(one => one.value)")
    assert {"https://example.com/total", "sent", "email", "app_metadata"} <= set(options)


def test_steps_tell_all_that_rules_did(site: Site, page_of: PageOf) -> None:
    site.add("counts", COUNTS)
    site.add("fails", FAILS, on_failure="skip")
    execution = login(site, {**ADA, "odd": True})
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    steps = page.locator(".steps > li")
    expect(steps).to_have_count(2)
    expect(steps.nth(0)).to_contain_text("counting auth0|ada")
    expect(steps.nth(0)).to_contain_text('context.idToken["https://example.com/total"] before: 1 → after: 2')
    expect(steps.nth(1).locator("summary").first).to_contain_text("raised")
    expect(steps.nth(1)).to_contain_text("ValueError: this user is odd")
    expect(steps.nth(1)).to_contain_text("undone: the rule failed later")
    expect(page.locator("dl.facts").first).to_contain_text("Update of app_metadata")
    widths = [float(page.locator(".took").nth(n).get_attribute("width") or 0) for n in (0, 1)]
    assert abs(sum(widths) - 100) < 1
    page.locator("summary", has_text="user").first.click()
    expect(page.locator(".given pre").first).to_contain_text("ada@example.com")


def test_a_record_says_what_it_lacks(site: Site, page_of: PageOf) -> None:
    recording = {"redact": ["/user/email"], "drop": ["/user/phone"]}
    site.call("PATCH", f"/v1/tenants/{site.tenant}/settings", {"recording": recording})
    site.add("counts", COUNTS)
    execution = login(site, {**ADA, "phone": "+49 30 123456"})
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    lacks = page.locator("#lacks")
    expect(lacks).to_contain_text("Hidden, as ***, here and wherever else the same text stands: /user/email")
    expect(lacks).to_contain_text("Never kept: /user/phone")
    assert "ada@example.com" not in page.content()
    settings = lacks.get_by_role("link", name="The tenant's settings")
    expect(settings).to_have_attribute("href", f"/console/t/{site.tenant}/tenants/{site.tenant}/settings")
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("#replayed")).to_contain_text("not reproducible")
    require_accessible(page)


@pytest.mark.parametrize("redact", [["/user"], ["/context"], ["/context/idToken"]])
def test_a_record_that_shows_nothing_is_a_page_too(site: Site, page_of: PageOf, redact: list[str]) -> None:
    site.call("PATCH", f"/v1/tenants/{site.tenant}/settings", {"recording": {"redact": redact}})
    site.add("counts", COUNTS)
    execution = login(site)
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}?claim=x")
    expect(page.locator("#lacks")).to_be_visible()
    page.goto(f"{site.home}/executions")
    assert rows(page) == [execution]
    page.goto(f"{site.home}/executions/{execution}/lines#at=99")
    expect(page.locator("#where")).to_have_text("The end")


def test_the_same_again(site: Site, page_of: PageOf) -> None:
    rule = site.add("counts", COUNTS)
    execution = login(site)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": COUNTS.replace("= 2", "= 3")})
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    page.get_by_role("button", name="Replay").click()
    replayed = page.locator("#replayed")
    expect(replayed).to_contain_text("identical")
    page.get_by_label("under the rules that are live now").check()
    page.get_by_role("button", name="Replay").click()
    expect(replayed).to_contain_text("different")
    expect(replayed.locator("li")).to_have_text('idToken["https://example.com/total"] before: 2 → after: 3')
    require_accessible(page)
    page.get_by_label("under revision", exact=True).check()
    page.get_by_label("Number of the revision").fill("99")
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("#alarms")).not_to_be_empty()


def test_a_case_is_made_of_it(site: Site, page_of: PageOf) -> None:
    site.add("counts", COUNTS)
    execution = login(site)
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    page.get_by_role("button", name="Show the case").click()
    shown = json.loads(page.locator("#case-text").inner_text())
    assert shown["cases"][0]["expect"]["idToken"] == {"https://example.com/total": 2}
    require_accessible(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#made-case").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == shown
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "counts.cases.json"
    assert json.loads(Path(download.value.path()).read_text()) == shown


def test_markup_is_text(site: Site, page_of: PageOf) -> None:
    script = f"""
def rule(user, context):
    print({HOSTILE!r})
    context.idToken[{HOSTILE!r}] = user.name
    context.idToken["__proto__"] = 1
    if user.get("odd"):
        raise ValueError({HOSTILE!r})
"""
    site.add("hostile", script, on_failure="skip")
    page = page_of()
    page.goto(f"{site.home}/executions?live=on")
    expect(page.locator("#live-said")).to_have_text("New ones appear as they happen.")
    for odd in (False, True):
        user = {"user_id": HOSTILE, "name": HOSTILE, "odd": odd}
        execution = login(site, user, {"clientID": HOSTILE})
        expect(page.locator(f'tr[data-id="{execution}"]')).to_contain_text(HOSTILE)
    assert page.title() == "Executions · Claimsmith"
    for listed in rows(page):
        page.goto(f"{site.home}/executions/{listed}")
        page.get_by_label("Claim", exact=True).fill(HOSTILE)
        page.keyboard.press("Enter")
        expect(page.locator("#answer .why")).to_contain_text(HOSTILE)
        page.get_by_role("button", name="Show the case").click()
        expect(page.locator("#case-text")).to_contain_text("onerror")
        expect(page.locator(".steps")).to_contain_text(HOSTILE)
        assert page.locator("main img, main script").count() == 0
        assert page.title() == f"Execution {listed} · Claimsmith"
        require_accessible(page)
        page.goto(f"{site.home}/executions/{listed}/lines")
        expect(page.locator("#source")).to_contain_text("onerror")
        page.locator("#place").focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        # The editor puts images without a source around what stands behind lines.
        assert page.locator("main img:not(.cm-widgetBuffer), main script").count() == 0
        assert page.title() == "Line by line · Claimsmith"
    page.goto(f"{site.home}/executions?user={HOSTILE}&rule={HOSTILE}")
    assert page.locator("main img, main script").count() == 0


def test_what_a_token_does_not_allow(site: Site, page_of: PageOf) -> None:
    site.add("counts", COUNTS)
    execution = login(site)
    page = page_of(scope="executions:read")
    page.goto(f"{site.home}/executions/{execution}?claim=https://example.com/total")
    expect(page.locator("#answer .history")).to_contain_text("counts line 5")
    expect(page.locator('main a[href*="/rules/"]')).to_have_count(0)
    expect(page.get_by_role("button", name="Replay")).to_have_count(0)
    expect(page.get_by_text("This needs the scope replay.")).to_have_count(2)
    expect(page.get_by_role("link", name="Step through the lines")).to_have_count(0)
    require_accessible(page)
    page.goto(f"{site.home}/executions/{execution}/lines")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/executions")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")


def test_one_that_is_not_there(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/executions/01M8EXDJB5BQ75NGMAJ6KYVNWD")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing here")


@pytest.mark.parametrize("width", [1440, 390])
def test_they_can_be_used_by_everybody(site: Site, page_of: PageOf, width: int) -> None:
    story(site)
    site.add("fails", FAILS, on_failure="skip")
    execution = login(site, {**ADA, "odd": True, "password": "correct horse"})
    page = page_of(width=width)
    for path in (
        "executions",
        f"executions/{execution}",
        f"executions/{execution}?claim=permissions",
        f"executions/{execution}/lines",
    ):
        page.goto(f"{site.home}/{path}")
        if path.endswith("/lines"):
            expect(page.locator("#stepper")).to_be_visible()
        require_accessible(page, *SCHEMES)
