"""What was live when, what each revision changed, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from api.console.differences import difference, lines, of_json
from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

ONE = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = 1\n'
TWO = ONE.replace("= 1", '= "<img src=x onerror=document.title=1>"')


def change(site: Site) -> str:
    """Three revisions: the first, a rule, and the rule changed; the rule's id."""
    rule = site.add("add-a", ONE)
    site.call("PATCH", f"/v1/rules/{rule}", {"script": TWO, "on_failure": "skip"})
    return rule


def test_the_list_says_what_each_changed(page_of: PageOf, site: Site) -> None:
    rule = change(site)
    site.call("PATCH", f"/v1/tenants/{site.tenant}/settings", {"strict_claims": True})
    site.call("DELETE", f"/v1/rules/{rule}")
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/revisions")
    rows = page.get_by_role("row")
    said = [
        "removed rule add-a",
        "changed setting strict_claims",
        "changed rule add-a",
        "added rule add-a",
        "the first",
    ]
    for number, text in enumerate(said, 1):
        expect(rows.nth(number)).to_contain_text(text)
    expect(rows.nth(1)).to_contain_text("live")
    expect(rows.nth(1)).to_contain_text("ann")


def test_pages(page_of: PageOf, site: Site) -> None:
    rule = site.add("add-a", ONE, order=1)
    for number in range(52):
        site.call("PATCH", f"/v1/rules/{rule}", {"order": number + 2})
    page = page_of()
    page.goto(f"{site.home}/revisions")
    expect(page.get_by_role("row")).to_have_count(51)
    expect(page.get_by_role("row").last).to_contain_text("changed rule add-a")
    page.get_by_role("link", name="Earlier ones").click()
    expect(page.get_by_role("row")).to_have_count(5)
    expect(page.get_by_role("row").last).to_contain_text("the first")
    expect(page.get_by_role("link", name="Earlier ones")).to_have_count(0)


def test_nothing_is_done_before_there_is_somebody_to_ask(page_of: PageOf, site: Site) -> None:
    """On a slow network the buttons are there before the scripts."""
    change(site)
    page = page_of()
    held: list[Route] = []
    page.route("**/console.js", lambda route: held.append(route))
    page.goto(f"{site.home}/revisions/2", wait_until="commit")
    button = page.get_by_role("button", name="Go back to this one")
    expect(button).to_be_disabled()
    button.dispatch_event("click")
    page.locator('form[action$="/activate"] input[name="message"]').press("Enter")
    expect(button).to_be_disabled()
    held[0].continue_()
    button.click()
    expect(page.get_by_role("dialog")).to_contain_text("This changes of revision 3")
    assert site.call("GET", "/v1/revisions")["revisions"][0]["revision"] == 3


def test_going_back(page_of: PageOf, site: Site) -> None:
    change(site)
    assert site.execute()["idToken"]["https://example.com/a"] != 1
    page = page_of()
    page.goto(f"{site.home}/revisions/2")
    back = page.get_by_role("region", name="If you go back to it")
    expect(back.locator("tr.removed")).to_contain_text("onerror=document.title=1")
    expect(back.locator("tr.added")).to_contain_text('context.idToken["https://example.com/a"] = 1')
    expect(back).to_contain_text('on_failure: "skip" → "deny"')
    back.get_by_label("Why, for whoever reads the revisions").fill("<i>the claim went</i>")
    back.get_by_role("button", name="Go back to this one").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This changes of revision 3: changed rule add-a.")
    dialog.get_by_role("button", name="Go back to this one").click()
    expect(page.get_by_role("status")).to_contain_text("Revision 4 is live: it restores revision 2.")
    expect(page.get_by_role("row").nth(1)).to_contain_text("restores 2: changed rule add-a")
    expect(page.get_by_role("row").nth(1)).to_contain_text("<i>the claim went</i>")
    page.get_by_role("row").nth(1).get_by_role("link", name="4").click()
    expect(page.locator("p.said")).to_have_text("<i>the claim went</i>")
    assert site.execute()["idToken"]["https://example.com/a"] == 1
    assert page.title() != "1"


def test_going_back_while_somebody_else_deploys(page_of: PageOf, site: Site) -> None:
    rule = change(site)
    page = page_of()
    page.goto(f"{site.home}/revisions/2")
    site.call("PATCH", f"/v1/rules/{rule}", {"enabled": False})
    page.get_by_role("button", name="Go back to this one").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back to this one").click()
    alert = page.get_by_role("alert").filter(has_text="somebody has made another revision live")
    expect(alert).to_contain_text("Live is revision 4 now")
    require_accessible(page)
    assert site.call("GET", "/v1/revisions")["revisions"][0]["revision"] == 4
    expect(page.get_by_role("region", name="If you go back to it")).to_contain_text("enabled: false → true")
    page.get_by_role("button", name="Go back to this one").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back to this one").click()
    expect(page.get_by_role("status")).to_contain_text("Revision 5 is live")


def test_going_back_needs_the_scope(page_of: PageOf, site: Site) -> None:
    change(site)
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/revisions/2")
    expect(page.get_by_role("button", name="Go back")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("needs the scope rules:deploy")
    csrf = page.evaluate("document.body.dataset.csrf")
    sent = page.request.post(f"{site.home}/revisions/2/activate", form={"expected": "3", "csrf": csrf})
    assert sent.status == 403
    assert site.call("GET", "/v1/revisions")["revisions"][0]["revision"] == 3


def test_what_was_seen_has_to_be_named(page_of: PageOf, site: Site) -> None:
    change(site)
    page = page_of()
    csrf = page.evaluate("document.body.dataset.csrf")
    for form in ({"csrf": csrf}, {"csrf": csrf, "expected": "x"}, {"csrf": csrf, "expected": "2"}):
        assert page.request.post(f"{site.home}/revisions/2/activate", form=form).status in (400, 409)
    assert site.call("GET", "/v1/revisions")["revisions"][0]["revision"] == 3


@pytest.mark.parametrize("n", ["99", "x", "%3Cb%3E"])
def test_a_revision_that_is_none(page_of: PageOf, site: Site, n: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/revisions/{n}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing here")


def test_rules_on_trial(page_of: PageOf, site: Site) -> None:
    change(site)
    page = page_of()
    page.goto(f"{site.home}/shadow")
    expect(page.get_by_role("heading", name="Nothing is on trial")).to_be_visible()
    page.goto(f"{site.home}/revisions/2")
    page.get_by_role("button", name="Put on trial first").click()
    page.get_by_role("dialog").get_by_role("button", name="Put on trial first").click()
    expect(page.get_by_role("status")).to_contain_text("The trial has begun")
    execution = site.execute()["execution_id"]
    for _ in range(40):
        if site.call("GET", "/v1/shadow")["impact"]["replayed"]:
            break
        page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("main")).to_contain_text("1 answered otherwise")
    expect(page.get_by_role("link", name=execution)).to_be_visible()
    require_accessible(page)
    page.goto(f"{site.home}/revisions")
    expect(page.locator("main")).to_contain_text("Rules are on trial beside the live ones")
    page.get_by_role("link", name="What came of it").click()
    page.wait_for_load_state()  # nothing is asked once more before its script is there
    page.get_by_role("button", name="End the trial").click()
    page.get_by_role("dialog").get_by_role("button", name="End the trial").click()
    expect(page.get_by_role("heading", name="Nothing is on trial")).to_be_visible()


def test_drafts_on_trial(page_of: PageOf, site: Site) -> None:
    site.add("later", ONE, deploy=False)
    page = page_of()
    page.goto(f"{site.home}/shadow")
    page.get_by_role("button", name="Try all that is saved and not live").click()
    expect(page.locator("main")).to_contain_text("All that was saved and not live")
    expect(page.get_by_role("heading", name="No login yet")).to_be_visible()
    require_accessible(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_they_can_be_used_by_everybody(page_of: PageOf, site: Site, width: int) -> None:
    page = page_of(width=width)
    page.goto(f"{site.home}/revisions")
    require_accessible(page, *SCHEMES)
    change(site)
    site.call("PUT", "/v1/modules/geo", {"script": f"LONG = '{'x' * 300}'\n"})
    for screen in ("revisions", "revisions/1", "revisions/2", "revisions/3", "shadow"):
        page.goto(f"{site.home}/{screen}")
        require_accessible(page, *SCHEMES)


def revision(rules: list[Any], **settings: Any) -> dict[str, Any]:
    return {"rules": rules, "modules": [], "settings": settings}


def rule(id: str, sha256: str = "a", order: int = 1) -> dict[str, Any]:
    shown = {"id": id, "name": id.upper(), "version": 1, "sha256": sha256, "order": order}
    return {**shown, "enabled": True, "on_failure": "deny", "conditions": {}}


def test_one_that_moves_is_all_that_moved() -> None:
    before = revision([rule("a", order=1), rule("b", order=2), rule("c", order=3)])
    after = revision([rule("b", order=2), rule("c", order=3), rule("a", order=9)])
    change = difference(before, after)
    assert [one["id"] for one in change.moved] == ["a"]
    assert change.words == "changed rule A; moved rule A"


def test_what_going_back_leaves_is_left_out() -> None:
    before = revision([], strict_claims=True, recording={"days": 3, "drop": ["/user/a"]})
    after = revision([], strict_claims=False, recording={"days": 30, "drop": []})
    assert [one.name for one in difference(before, after).settings] == [
        "strict_claims",
        "recording.days",
        "recording.drop",
    ]
    assert [one.name for one in difference(before, after, going_back=True).settings] == ["strict_claims"]
    assert not difference(before, before)


def test_lines_with_their_numbers() -> None:
    before = "\n".join(f"line {number}" for number in range(1, 21))
    after = before.replace("line 10\n", "line ten\nline ten and a half\n")
    found = lines(before, after)
    assert [line.kind for line in found] == ["gap", *["same"] * 3, "removed", "added", "added", *["same"] * 3, "gap"]
    assert found[4][1:] == (10, None, "line 10")
    assert found[6][1:] == (None, 11, "line ten and a half")
    assert found[7][1:] == (11, 12, "line 11")
    assert lines(before, before) == []


def test_nothing_has_no_lines() -> None:
    assert [line.kind for line in of_json(None, {"a": 1})] == ["added"] * 3
    assert of_json(None, None) == []
