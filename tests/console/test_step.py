"""Stepping through the lines of a recorded login, in a browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from cli.timeline import Line, Timeline, Told, Write
from tests.console.conftest import PageOf, require_accessible
from tests.console.site import Site
from tests.console.test_executions import ADA, FAILS, login

SCRIPT = """
TOP = 3


def plan(user):
    context_plan = user.get("plan", "free")
    return context_plan


def note(context, name):
    context.idToken[name] = "noted"
    return name


def rule(user, context):
    total = 0
    for number in range(TOP):
        total += number
    context.idToken["https://example.com/total"] = total
    context.idToken["https://example.com/plan"] = plan(user)
    context.accessToken.groups = [note(context, "a"), note(context, "b")]
    context.accessToken.groups.append("c")
    del context.idToken["a"]
"""


def opened(page: Page, site: Site, execution: str, at: int | None = None) -> Page:
    page.goto(f"{site.home}/executions/{execution}/lines" + ("" if at is None else f"#at={at}"))
    expect(page.locator("#stepper")).to_be_visible()
    return page


def current(page: Page) -> str:
    """The line that is marked, without what stands behind it."""
    marked = page.locator("#source [aria-current]")
    expect(marked).to_have_count(1)
    own = "line => [...line.childNodes].filter(one => one.className !== 'cm-value').map(one => one.textContent)"
    return "".join(marked.evaluate(own))


def told(site: Site, execution: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = site.call("GET", f"/v1/executions/{execution}/timeline")["lines"]
    return lines


def test_the_slider_goes_along_the_lines(site: Site, page_of: PageOf) -> None:
    rule = site.add("steps", SCRIPT)
    execution = login(site)
    lines = told(site, execution)
    page = page_of()
    page.goto(f"{site.home}/executions/{execution}")
    page.get_by_role("link", name="Step through the lines").click()
    slider = page.get_by_role("slider", name="Line that runs next")
    expect(slider).to_be_visible()
    slider.focus()
    for key, place in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", len(lines)), ("Home", 0)):
        page.keyboard.press(key)
        expect(slider).to_have_value(str(place))
        if place < len(lines):
            assert current(page) == lines[place]["source"]
            expect(slider).to_have_attribute(
                "aria-valuetext", f"steps line {lines[place]['line']}: {lines[place]['source'].strip()}"
            )
            expect(page.locator("#count")).to_have_text(f"{place + 1} of {len(lines)}")
            link = page.locator("#where a")
            its_place = f"rules/{rule}/versions/1#L{lines[place]['line']}"
            expect(link).to_have_attribute("href", f"/console/t/{site.tenant}/{its_place}")
        else:
            expect(page.locator("#where")).to_have_text("The end")
            expect(page.locator("#claims-now")).to_contain_text("https://example.com/plan")
    page.get_by_role("button", name="The next line").click()
    expect(slider).to_have_value("1")
    page.get_by_role("button", name="The line before").click()
    expect(slider).to_have_value("0")
    expect(page.get_by_role("button", name="The line before")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="The next line").press("Enter")
    page.reload()  # the place stands in the address
    expect(page.locator("#place")).to_have_value("1")
    # The whole source is there, also lines that did not run.
    expect(page.locator("#source .cm-line")).to_have_count(SCRIPT.count("\n") + 1)
    assert page.locator("#source .cm-line").nth(4).inner_text() == "def plan(user):"


def test_variables_and_claims_are_those_of_the_moment(site: Site, page_of: PageOf) -> None:
    site.add("steps", SCRIPT)
    execution = login(site)
    lines = told(site, execution)
    adding = [place for place, line in enumerate(lines) if line["source"] == "        total += number"]
    page = opened(page_of(), site, execution, adding[2])
    variables = page.locator("#variables")
    expect(variables.locator("dd").nth(0)).to_be_visible()
    expect(variables).to_contain_text("total")
    assert variables.locator("dt", has_text="total").locator("+ dd").inner_text() == "1"
    assert variables.locator("dt", has_text="number").locator("+ dd").inner_text() == "2"
    assert variables.locator("dt", has_text="TOP").locator("+ dd").inner_text() == "3"
    expect(page.locator("#does")).to_contain_text("sets total to 3")
    expect(page.locator("#source [aria-current] .cm-value")).to_have_text("total is 1, number is 2")
    expect(page.locator("#source .cm-line", has_text="total = 0").locator(".cm-value")).to_have_text("total = 0")
    expect(page.locator("#claims-now")).to_contain_text("None for the ID token.")
    page.get_by_role("button", name="Write →").click()
    assert current(page).strip() == 'context.idToken["https://example.com/total"] = total'
    expect(page.locator("#does")).to_contain_text('writes context.idToken["https://example.com/total"] nothing → 3')
    expect(page.locator("#claims-now tr.fresh")).to_contain_text("this line sets it")
    page.get_by_role("button", name="The next line").click()
    expect(page.locator("#claims-now tr").first).to_have_text("https://example.com/total3")
    page.get_by_role("button", name="← Write").click()
    assert current(page).strip() == 'context.idToken["https://example.com/total"] = total'
    nowhere = page.get_by_role("button", name="← Write")
    expect(nowhere).to_have_attribute("aria-disabled", "true")
    nowhere.press("Enter")
    assert current(page).strip() == 'context.idToken["https://example.com/total"] = total'
    require_accessible(page)


def test_a_browser_and_a_terminal_tell_the_same(site: Site, page_of: PageOf) -> None:
    """Which line made which write, and what the variables were, for every line: two programs, one answer."""
    site.add("steps", SCRIPT)
    site.add("fails", FAILS, on_failure="skip")
    execution = login(site, {**ADA, "odd": True})
    record = site.call("GET", f"/v1/executions/{execution}")
    timeline = site.call("GET", f"/v1/executions/{execution}/timeline")
    steps = [(step["rule"], [_write(write) for write in step["writes"]]) for step in record["steps"]]
    lines = [Line(**line) for line in timeline["lines"]]
    terminal = Timeline(Told(identical=True, remarks=[], truncated=False, lines=lines), steps)
    browser = page_of().evaluate(
        """([told, record]) => import("/console/static/timeline.js").then(({ Timeline }) => {
          const timeline = new Timeline(told, record);
          return timeline.lines.map((line, place) => ({
            writes: timeline.writes[place].map((write) => [write.path, write.line]),
            variables: Object.fromEntries(timeline.variables(place)),
            claims: [timeline.claims(place, "idToken"), timeline.claims(place, "accessToken")],
          }));
        })""",
        [timeline, record],
    )
    assert sum(len(one["writes"]) for one in browser) == sum(len(writes) for _, writes in steps) == 8
    for place, one in enumerate(browser):
        assert one["writes"] == [[write.path, write.line] for write in terminal.writes[place]]
        assert one["variables"] == terminal.variables(place)
    # What the skipped rule wrote is there until it fails, and gone behind it.
    assert "https://example.com/late" in browser[-1]["claims"][0]
    assert browser[-1]["claims"][1] == {"groups": ["a", "b", "c"]} == record["accessToken"]
    assert "https://example.com/late" not in record["idToken"]


def _write(write: dict[str, Any]) -> Write:
    return Write(**{name: write[name] for name in ("path", "op", "old", "new", "line")})


def test_rules_follow_each_other(site: Site, page_of: PageOf) -> None:
    site.add("first", "def rule(user, context):\n    context.idToken.one = 1\n")
    site.add("second", "def rule(user, context):\n    context.idToken.two = 2\n")
    page = opened(page_of(), site, login(site))
    expect(page.locator("#where")).to_contain_text("first line 1")
    page.get_by_role("button", name="Rule →").click()
    expect(page.locator("#where")).to_contain_text("second line 1")
    expect(page.locator("#source")).to_contain_text("context.idToken.two")
    expect(page.locator("#claims-now tr")).to_have_text("one1")
    page.get_by_role("button", name="← Rule").click()
    expect(page.locator("#where")).to_contain_text("first line 1")
    expect(page.locator("#source")).not_to_contain_text("context.idToken.two")


def test_without_the_source_the_lines_that_ran(site: Site, page_of: PageOf) -> None:
    site.add("steps", SCRIPT)
    page = opened(page_of(scope="executions:read replay"), site, login(site))
    expect(page.locator("#source")).to_contain_text("TOP = 3")
    expect(page.locator("#source .cm-line").nth(2)).to_have_text("")
    expect(page.locator("#where a")).to_have_count(0)
    require_accessible(page)


def test_nothing_to_step_through(site: Site, page_of: PageOf) -> None:
    page = page_of()
    page.goto(f"{site.home}/executions/{login(site)}/lines")
    expect(page.locator("#step-said")).to_have_text("No line of a rule ran in this login.")
    expect(page.locator("#stepper")).to_be_hidden()
    require_accessible(page)


def test_it_can_be_tried_again(site: Site, page_of: PageOf) -> None:
    site.add("steps", SCRIPT)
    execution = login(site)
    page = page_of()
    page.route("**/timeline", lambda route: route.abort())
    page.goto(f"{site.home}/executions/{execution}/lines")
    expect(page.get_by_role("alert").filter(has_text="The service cannot be reached.")).to_be_visible()
    require_accessible(page)
    page.unroute("**/timeline")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#stepper")).to_be_visible()
