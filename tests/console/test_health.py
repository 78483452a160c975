"""How the service is and how logins go, as operators see it."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from api.console import health, plots
from api.metrics import PARTS
from sandbox.layers import LAYERS
from tests.console.conftest import SCHEMES, WAIT, PageOf, late, require_accessible, sign_in
from tests.console.site import Site
from tests.test_lifecycle import Served

RULE = """def rule(user, context):
    if user.user_id == "bad":
        raise UnauthorizedError("no")
    if user.user_id == "worse":
        raise ValueError("broken")
"""


def logins(site: Site) -> None:
    site.add("bold rule", RULE)
    for user in ("u1", "u2", "bad", "worse"):
        site.execute({"user_id": user})
    site.recorded(4)


def test_the_layers_are_those_of_the_sandbox() -> None:
    shown = [(name, layer.grade, layer.takes_away) for name, layer in health.LAYERS.items()]
    assert shown == [(layer.name, layer.grade, layer.takes_away) for layer in LAYERS]


def test_every_part_that_may_be_degraded_is_explained() -> None:
    assert set(health.PARTS) == set(PARTS)


def test_what_the_service_knows(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="executions:read")
    page.goto(f"{site.home}/health")
    main = page.locator("main")
    expect(main).to_contain_text("Everything works.")
    expect(page.get_by_role("row", name="system calls")).to_contain_text("active")
    expect(main).to_contain_text("RestrictedPython")
    expect(page.get_by_role("heading", name="No login in this time")).to_be_visible()


def test_plots_and_the_same_numbers(page_of: PageOf, site: Site) -> None:
    logins(site)
    page = page_of()
    page.goto(f"{site.home}/health")
    plot = page.get_by_role("img", name="Logins by outcome")
    expect(plot.locator("desc")).to_have_text(re.compile(r"4 logins, 2 denied, in 1 a rule failed\.$"))
    assert plot.locator("rect").count() >= 3
    expect(page.get_by_role("img", name="Time of a login")).to_be_visible()
    page.locator("summary", has_text="The same in numbers").click()
    cells = page.locator("#numbers tbody tr").evaluate_all("rows => rows.map(row => Number(row.cells[1].textContent))")
    assert sum(cells) == 4
    row = page.locator("#rules").get_by_role("row", name="bold rule")
    expect(row).to_contain_text("denied 1")
    expect(row).to_contain_text("raised 1")
    assert page.locator("[style]").count() == 0


def test_a_time_is_chosen(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/health")
    page.get_by_label("Logins of the last").select_option("10080")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(f"{site.home}/health?minutes=10080")
    expect(page.get_by_role("heading", name="Logins of the last week")).to_be_visible()
    page.goto(f"{site.home}/health?minutes=<b>")
    expect(page.get_by_role("heading", name="Logins of the last hour")).to_be_visible()


def test_it_is_refreshed_but_not_from_under_somebody(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.clock.install()
    page.goto(f"{site.home}/health")
    page.locator("summary", has_text="The same in numbers").click()
    logins(site)
    focused = page.locator("summary", has_text="The same in numbers")
    expect(focused).to_be_focused()
    page.clock.run_for(10_500)
    expect(page.locator("#now")).to_contain_text("95 of 100 within")
    expect(page.locator("#rules")).to_contain_text("bold rule")
    expect(focused).to_be_focused()
    expect(page.locator("#numbers")).to_be_visible()

    link = page.locator("#rules").get_by_role("link", name="bold rule")
    link.focus()
    site.execute()
    page.clock.run_for(31_000)
    expect(link).to_be_focused()


def test_an_answer_that_comes_late_moves_nothing_either(page_of: PageOf, site: Site) -> None:
    logins(site)
    page = page_of()
    page.goto(f"{site.home}/health")
    link = page.locator("#rules").get_by_role("link", name="bold rule")
    answer = late(page, "**/health?minutes=60", lambda: page.locator("#now").dispatch_event("refresh"))
    link.focus()
    answer()
    expect(link).to_be_focused()


def test_it_can_be_paused(page_of: PageOf, site: Site) -> None:
    page = page_of()
    asked = list[str]()
    page.clock.install()
    page.goto(f"{site.home}/health")
    page.on("request", lambda request: asked.append(request.url) if "/health" in request.url else None)
    button = page.get_by_role("button", name="Pause")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(60_000)
    assert not asked
    with page.expect_request("**/health?*"):
        button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(300)
    assert asked == [f"{site.home}/health?minutes=60"]


def test_what_is_degraded_says_what_to_do(browser: Browser) -> None:
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder) / "data", REDIS_URL="redis://127.0.0.1:1/0")
        try:
            site = Site(served.address(), (served.data / "secret").read_text().strip(), "default")
            context = browser.new_context()
            context.set_default_timeout(WAIT)
            page = context.new_page()
            sign_in(page, site, site.token())
            site.add("first", RULE)  # compiled, and not stored in a Redis that is not there
            page.goto(f"{site.home}/health")
            expect(page.locator("#now .warning")).to_contain_text("Redis does not work as it should.")
            expect(page.locator("#now .warning")).to_contain_text("Look whether Redis is there")
            require_accessible(page)
            with sqlite3.connect(served.data / "claimsmith.db") as database:
                database.execute("ALTER TABLE executions RENAME TO elsewhere")
            page.reload()
            expect(page.locator("#now")).to_contain_text("Records cannot be read")
            expect(page.get_by_role("row", name="system calls")).to_contain_text("active")
            require_accessible(page)
            context.close()
        finally:
            served.stop()


def test_it_needs_the_scope(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read")
    page.goto(f"{site.home}/health")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")


@pytest.mark.parametrize("width", [1440, 390])
def test_it_can_be_used_by_everybody(page_of: PageOf, site: Site, width: int) -> None:
    page = page_of(width=width)
    page.goto(f"{site.home}/health")
    require_accessible(page, *SCHEMES)
    logins(site)
    page.goto(f"{site.home}/health")
    page.locator("summary", has_text="The same in numbers").click()
    require_accessible(page, *SCHEMES)


def part(at: int, **values: Any) -> dict[str, Any]:
    shown = {"at": f"2026-11-27T10:{at:02}:00Z", "count": 0, "denied": 0, "failed": 0, "p50": None, "p95": None}
    return shown | values


def test_a_line_ends_where_there_is_nothing() -> None:
    series = [part(0, p50=1.0), part(1, p50=2.0), part(2), part(3, p50=5.0)]
    plot = plots.of_lines(series, ("p50",))
    (points,) = plot.lines["p50"]
    assert len(points.split()) == 2
    (dot,) = plot.dots["p50"]
    assert dot.x > float(points.split()[1].split(",")[0])
    assert [tick.text for tick in plot.ticks] == ["0", "2", "4", "6"]


def test_bars_stand_on_zero_and_within_the_plot() -> None:
    plot = plots.of_bars([part(0, count=3, denied=1), part(1, count=1)], health.BARS)
    for bars in plot.bars.values():
        for bar in bars:
            assert bar.y >= plots.TOP
            assert bar.y + bar.height == pytest.approx(plots.TOP + plots.DOWN)
            assert plots.LEFT <= bar.x <= bar.x + bar.width <= plots.WIDTH
    assert len(plot.bars["count"]) == 2
    assert [tick.text for tick in plot.ticks] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("series", [[], [part(0)], [part(0, p50=0.0, p95=0.0)]])
def test_a_plot_of_next_to_nothing(series: list[dict[str, Any]]) -> None:
    plot = plots.of_lines(series, ("p50", "p95"))
    assert [tick.text for tick in plot.ticks] == ["0", "1"]
    plots.of_bars(series, health.BARS)
