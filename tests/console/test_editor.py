"""The editor in a real browser, under the console's policy."""

from __future__ import annotations

import gzip
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.console.browser import barriers, complaints, until
from tests.console.pages import STATIC, served

RULE = """import json


def rule(user, context):
    # who it is
    name = user.get("name", "nobody")
    context.idToken["https://example.com/name"] = name
    if len(name) > 100:
        raise UnauthorizedError("too long")
"""
HOSTILE = '</span><img src=x onerror="window.broken = 1"><script>window.broken = 1</script>'


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The empty page. Whatever is said against it by its end is a failure: a violation of the policy, too."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    page = context.new_page()
    heard = complaints(page)
    page.goto(address)
    expect(page.locator("html[data-ready]")).to_have_count(1)
    yield page
    context.close()
    assert heard == []


def opened(page: Page, doc: str = RULE, options: str = "") -> Locator:
    """An editor; `made` in the page is what it answered with. Its field."""
    page.evaluate(
        f"doc => {{ window.made = claimsmith.editor(at, {{ doc, label: 'Rule', check, {options} }}) }}",
        doc,
    )
    return page.get_by_role("textbox", name="Rule")


def value(page: Page) -> str:
    return str(page.evaluate("made.value"))


def write(page: Page, text: str) -> None:
    """Typed at the end of the source."""
    page.evaluate("made.goTo(1e6)")
    page.keyboard.type(text)


def colour(found: Locator, name: str = "color") -> str:
    return str(found.evaluate(f"found => getComputedStyle(found)['{name}']"))


def test_the_styles_are_in_force_under_the_policy(page: Page) -> None:
    field = opened(page)
    assert page.evaluate("document.querySelectorAll('style, [style]').length + document.adoptedStyleSheets.length") <= 1
    assert page.evaluate("at.shadowRoot.querySelectorAll('style').length") == 0
    assert page.evaluate("at.shadowRoot.adoptedStyleSheets.length") == 1
    assert colour(field, "whiteSpaceCollapse") == "break-spaces" or colour(field, "whiteSpace") == "pre"
    assert "monospace" in colour(page.locator(".cm-scroller"), "fontFamily")


def test_the_policy_of_this_page_refuses_a_style_element(browser: Browser, address: str) -> None:
    """The fixture's complaints can be heard."""
    page = browser.new_page()
    heard = complaints(page)
    page.goto(address)
    with page.expect_event("console"):
        page.evaluate(
            "document.head.append(Object.assign(document.createElement('style'), {textContent: '*{color:red}'}))"
        )
    page.wait_for_timeout(100)
    page.close()
    assert len(heard) == 1
    assert "Content Security Policy" in heard[0]


def test_python_is_highlighted(page: Page) -> None:
    opened(page)
    line = page.locator(".cm-line").nth(3)
    keyword, name = line.locator("span").first, line.locator("span").nth(1)
    expect(keyword).to_have_text("def")
    expect(name).to_have_text("rule")
    colours = {colour(one) for one in (line, keyword, name)}
    assert len(colours) == 3
    expect(page.locator(".cm-lineNumbers .cm-gutterElement").last).to_have_text("10")


def test_the_page_sets_colours(page: Page) -> None:
    opened(page)
    page.evaluate("at.style.setProperty('--editor-keyword', 'rgb(1, 2, 3)')")
    assert colour(page.locator(".cm-line").first.locator("span").first) == "rgb(1, 2, 3)"


@pytest.mark.parametrize(
    ("typed", "chosen", "after"),
    [
        ("    context.", "clientID", "    context.clientID"),
        ("    context.req", "request", "    context.request"),
        ("    context.request.geoip.country_", "country_code", "    context.request.geoip.country_code"),
        ("    user.email_", "email_verified", "    user.email_verified"),
        ("    user.get('nick", "nickname", "    user.get('nickname')"),
        ("    configuration.", "NAMESPACE", "    configuration.NAMESPACE"),
        ("    configuration['", "NAMESPACE", "    configuration['NAMESPACE']"),
        ("    http.pat", "patch", "    http.patch"),
        ("    cache.", "set", "    cache.set"),
        ("    auth0.users.up", "update_app_metadata", "    auth0.users.update_app_metadata"),
        ("    json.lo", "loads", "    json.loads"),
        ("    Unauth", "UnauthorizedError", "    UnauthorizedError"),
        ("    str.low", "lower", "    str.lower"),
        ("import da", "datetime", "import datetime"),
        ("import ge", "geo", "import geo"),
        ("from datetime import time", "timezone", "from datetime import timezone"),
        ("import datetime as d\nd.datetime.n", "now", "import datetime as d\nd.datetime.now"),
        ("from datetime import datetime\ndatetime.fromiso", "fromisoformat", None),
        ("import geo\ngeo.", "in_eu", "import geo\ngeo.in_eu"),
    ],
    ids=lambda text: text and text.strip(),
)
def test_words_are_completed_by_the_keyboard(page: Page, typed: str, chosen: str, after: str | None) -> None:
    opened(page, "import json\n", "words: { configuration: ['NAMESPACE'], modules: { geo: ['in_eu'] } }")
    first, _, last = typed.rpartition("\n")
    page.evaluate("text => { made.value = text }", "import json\n" + (f"{first}\n" if first else ""))
    write(page, last)
    options = page.get_by_role("option")
    expect(options.filter(has_text=re.compile(f"^{chosen}$"))).to_be_visible()
    page.wait_for_timeout(100)  # CodeMirror takes no key for the list sooner than 75 ms after it has come
    for _ in range(options.count()):
        selected = page.locator("[role=option][aria-selected=true] .cm-completionLabel")
        expect(selected).to_be_visible()
        if selected.text_content() == chosen:
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert value(page).endswith(f"import json\n{after}" if after else chosen)


@pytest.mark.parametrize("typed", ["    # context.", "    'user.", "    unknown.", "    json.x.", "    constructor."])
def test_nothing_is_completed_where_nothing_is_known(page: Page, typed: str) -> None:
    opened(page, "import json\n")
    write(page, typed)
    page.wait_for_timeout(300)
    expect(page.get_by_role("option")).to_have_count(0)


def test_a_word_says_what_it_is(page: Page) -> None:
    opened(page, "")
    write(page, "context.idTok")
    expect(page.locator(".cm-completionInfo")).to_contain_text("claims of the ID token")


WATCH = """() => new Promise(resolve => {
  let pressed;
  addEventListener("keydown", () => { pressed = performance.now() }, { capture: true, once: true });
  new MutationObserver((_, watch) => {
    if (pressed === undefined || !at.shadowRoot.querySelector(".cm-lintRange-error")) return;
    watch.disconnect();
    resolve(performance.now() - pressed);
  }).observe(at.shadowRoot, { childList: true, subtree: true, attributes: true });
})"""


def test_a_problem_is_underlined_after_a_key(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    opened(page, "def rule(user, context):\n    x = name\n", "onProblems: found => { window.found = found }")
    until(page, "window.found?.length === 1")
    page.evaluate("made.value = 'def rule(user, context):\\n    x = nam'")
    page.evaluate("made.value = 'def rule(user, context):\\n    user = use'; window.found = null")
    until(page, "window.found")
    page.evaluate("made.value = 'def rule(user, context):\\n    x = user'; window.found = null")
    until(page, "window.found?.length === 0")
    page.evaluate("made.goTo(1e6)")
    page.evaluate(f"window.took = ({WATCH})(); 0")
    page.keyboard.press("s")
    took = page.evaluate("window.took")
    expect(page.locator(".cm-lintRange-error")).to_have_text("users")
    with capsys.disabled():
        print(f"\na problem is underlined {took:.0f} ms after the key")


def test_a_problem_is_told_with_what_to_write_instead(page: Page) -> None:
    opened(page, "def rule(user, context):\n    open('x')\n")
    page.locator(".cm-lintRange-error").hover()
    expect(page.locator(".cm-tooltip-lint")).to_contain_text("`open`")


def test_a_replacement_is_taken_by_the_keyboard(page: Page) -> None:
    found = "[{line: 1, column: 1, code: 'name_not_available', message: 'no `null`', replacement: 'None'}]"
    opened(page, "null\n", f"check: async text => text.includes('null') ? {found} : []")
    expect(page.locator(".cm-lintRange-error")).to_have_text("null")
    page.evaluate("made.focus()")
    page.keyboard.press("ControlOrMeta+Shift+M")
    page.get_by_role("button", name="Replace by None").click()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    assert value(page) == "None\n"


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("def rule(user, context):\n    x = 'äöü', unknown_ä, 1\n", ["unknown_ä"]),
        ("def rule(user, context):\n    x = '😀😀 e\u0301', unknown, '😀'\n", ["unknown"]),
        ("def rule(user, context):\r\n    x = '😀'; unknown\r\n", ["unknown"]),
        ("def rule(user, context):\n\tx = '日本'; one; two\n", ["one", "two"]),
        ("def rule(user, context):\n    x = '😀' +\n", None),
    ],
)
def test_columns_are_characters(page: Page, source: str, marked: list[str] | None) -> None:
    opened(page, source, "onProblems: found => { window.found = found }")
    until(page, "window.found?.length")
    marks = page.locator(".cm-lintRange-error")
    if marked is None:
        assert page.evaluate("window.found[0].code") == "syntax_error"
        expect(marks).to_have_count(1)
    else:
        expect(marks).to_have_text(marked)


def test_hints_look_otherwise(page: Page) -> None:
    opened(page, "def rule(user, context):\n    return 1\n")
    expect(page.locator(".cm-lintRange-hint")).to_have_count(1)
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)


def test_a_late_answer_is_not_shown(page: Page) -> None:
    """The first check answers behind the second one."""
    opened(
        page,
        "a",
        """check: (text, signal) => new Promise(resolve => {
          (window.asked ??= []).push({ text, signal, answer: () =>
            resolve([{ line: 1, column: 1, code: text, message: text }]) });
        })""",
    )
    until(page, "window.asked?.length === 1")
    write(page, " b")
    until(page, "asked.length === 2")
    assert page.evaluate("asked.map(one => one.signal.aborted)") == [True, False]
    page.evaluate("asked[1].answer()")
    page.evaluate("asked[0].answer()")
    page.wait_for_timeout(50)
    page.keyboard.press("F8")
    expect(page.locator(".cm-diagnosticText")).to_have_text(["a b"])


def test_no_answer_is_no_problem(page: Page) -> None:
    opened(
        page,
        "def rule(user, context):\n    unknown\n",
        """onProblems: found => { (window.heard ??= []).push(found && found.length) },
        check: (text, signal) => window.down ? Promise.reject(Error("no network")) : window.check(text, signal)""",
    )
    until(page, "window.heard?.length === 1")
    page.evaluate("window.down = true")
    write(page, " ")
    until(page, "heard.length === 2")
    assert page.evaluate("heard") == [1, None]
    expect(page.locator(".cm-lintRange-error")).to_have_text("unknown")
    page.evaluate("window.down = false; made.check()")
    until(page, "heard.length === 3")
    assert page.evaluate("heard[2]") == 1


def active(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_the_keyboard_comes_in_and_gets_out(page: Page) -> None:
    field = opened(page, "x = 1\n")
    assert field.get_attribute("aria-describedby")
    expect(page.get_by_text("Esc, then Tab leaves the editor")).to_be_visible()
    page.locator("#before").focus()
    page.keyboard.press("Tab")
    assert active(page) == "editor"
    page.keyboard.press("Tab")
    assert (active(page), value(page)) == ("editor", "    x = 1\n")
    page.keyboard.press("Escape")
    page.wait_for_timeout(2500)  # nobody has to hurry
    page.keyboard.press("Tab")
    assert (active(page), value(page)) == ("after", "    x = 1\n")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    assert (active(page), value(page)) == ("before", "    x = 1\n")


def test_another_key_makes_tab_indent_again(page: Page) -> None:
    opened(page, "")
    page.evaluate("made.focus()")
    page.keyboard.press("Escape")
    page.keyboard.type("# a")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    assert (active(page), value(page)) == ("editor", "    # a")


def test_escape_closes_first(page: Page) -> None:
    opened(page, "")
    write(page, "context.")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    page.keyboard.press("ControlOrMeta+f")
    expect(page.get_by_role("textbox", name="Find")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("textbox", name="Find")).to_have_count(0)


def test_keys_run_and_save(page: Page) -> None:
    opened(
        page,
        "x",
        "onRun: () => heard.push('run'), onSave: () => heard.push('save'), onChange: text => heard.push(text)",
    )
    page.evaluate("window.heard = []; made.goTo(1, 2)")
    for key in ("ControlOrMeta+Enter", "ControlOrMeta+s", "y"):
        page.keyboard.press(key)
    assert page.evaluate("heard") == ["run", "save", "xy"]


def test_four_spaces_and_undo(page: Page) -> None:
    opened(page, "")
    write(page, "def rule(user, context):\nif user:\npass")
    assert value(page) == "def rule(user, context):\n    if user:\n        pass"
    page.evaluate("made.value = 'other'")
    page.keyboard.press("ControlOrMeta+z")
    assert value(page).endswith("        pass")


def test_nothing_is_written_into_what_is_to_be_read(page: Page) -> None:
    field = opened(page, "x", "readOnly: true")
    field.focus()
    page.keyboard.type("y")
    assert value(page) == "x"
    page.keyboard.press("Tab")
    assert active(page) == "after"


def test_what_ran_is_marked_until_the_source_changes(page: Page) -> None:
    opened(page)
    page.evaluate("made.setRan([4, 6, 7, 8, 99], [9]); made.setLine(7)")
    page.evaluate(
        "made.setValues([{ line: 6, text: 'name = \\'Ada\\'' }, { line: 7, text: 'set' }, { line: 99, text: '' }])"
    )
    expect(page.locator(".cm-ran")).to_have_count(4)
    expect(page.locator(".cm-missed")).to_have_count(1)
    expect(page.locator(".cm-current")).to_contain_text("context.idToken")
    expect(page.locator(".cm-line").nth(5).locator(".cm-value")).to_have_text("name = 'Ada'")
    place = page.locator(".cm-ran").nth(1).bounding_box()
    line = page.locator(".cm-line").nth(5).bounding_box()
    assert place
    assert line
    assert abs(place["y"] - line["y"]) < 2
    page.evaluate("made.setLine(8)")
    expect(page.locator(".cm-current")).to_contain_text("if len(name)")
    write(page, "#")
    for mark in (".cm-ran", ".cm-missed", ".cm-current", ".cm-value"):
        expect(page.locator(mark)).to_have_count(0)


@pytest.mark.parametrize("call", ["setRan([1])", "setLine(1)", "setValues([{ line: 1, text: 'a' }])"])
def test_marks_are_taken_away(page: Page, call: str) -> None:
    opened(page, "x = 1\n")
    page.evaluate(f"made.{call}")
    mark = page.locator(".cm-ran, .cm-current, .cm-value")
    expect(mark).to_have_count(1)
    page.evaluate(f"made.{call.split('(')[0]}(null)")
    expect(mark).to_have_count(0)


def test_a_line_far_down_is_brought_into_view(page: Page) -> None:
    opened(page, "x = 1\n" * 300)
    page.evaluate("at.style.setProperty('--editor-height', '200px'); made.setLine(250)")
    expect(page.locator(".cm-current")).to_be_in_viewport()


@pytest.mark.parametrize("width", [1000, 390])
def test_a_diff_shows_both(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    before = RULE
    after = RULE.replace("who it is", "who it was").replace("100", "200")
    page.evaluate("both => claimsmith.diff(at, { ...both, label: 'Changes' })", {"before": before, "after": after})
    fields = page.get_by_role("textbox")
    expect(fields).to_have_count(2 if width == 1000 else 1)
    if width == 1000:
        expect(page.get_by_role("textbox", name="Changes: before")).to_contain_text("who it is")
        expect(page.get_by_role("textbox", name="Changes: after")).to_contain_text("who it was")
    else:
        expect(page.locator(".cm-deletedChunk").first).to_contain_text("who it is")
        expect(fields).to_contain_text("who it was")
    fields.first.focus()
    page.keyboard.type("x")
    expect(fields.first).not_to_contain_text("xx")
    page.set_viewport_size({"width": 1390 - width, "height": 800})
    expect(fields).to_have_count(1 if width == 1000 else 2)


def test_a_diff_collapses_what_is_the_same(page: Page) -> None:
    lines = [f"x{number} = 1" for number in range(100)]
    after = "\n".join([*lines[:50], "changed = 1", *lines[51:]])
    both = {"before": "\n".join(lines), "after": after}
    page.evaluate("both => claimsmith.diff(at, { ...both, label: 'Changes' })", both)
    expect(page.get_by_text("unchanged lines").first).to_be_visible()


def test_json_is_checked(page: Page) -> None:
    page.evaluate(
        """claimsmith.json(at, {
          doc: '{"a": 1}', label: 'Transaction', onChange: text => { window.text = text } })"""
    )
    field = page.get_by_role("textbox", name="Transaction")
    expect(field).to_have_text('{"a": 1}')
    field.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("[1, ")
    assert page.evaluate("window.text") == "[1, ]"
    expect(page.locator(".cm-lintRange-error, .cm-lintPoint-error")).to_have_count(1)
    page.keyboard.type("2")
    expect(page.locator(".cm-lintRange-error, .cm-lintPoint-error")).to_have_count(0)


def test_hostile_text_is_text(page: Page) -> None:
    found = "[{ line: 1, column: 1, code: hostile, message: hostile, replacement: hostile }]"
    page.evaluate("text => { window.hostile = text }", HOSTILE)
    opened(
        page,
        HOSTILE,
        f"check: async () => {found}, words: {{ configuration: [hostile], modules: {{ [hostile]: [hostile] }} }}",
    )
    page.evaluate("made.setValues([{ line: 1, text: hostile }])")
    expect(page.locator(".cm-value")).to_have_text(HOSTILE)
    page.evaluate("made.goTo(1)")
    page.keyboard.press("ControlOrMeta+Shift+M")
    expect(page.locator(".cm-panel-lint .cm-diagnosticText")).to_have_text(HOSTILE)
    page.keyboard.press("Escape")
    write(page, "\nconfiguration.")
    expect(page.get_by_role("option").first).to_contain_text(HOSTILE)
    page.evaluate("claimsmith.diff(at, { before: hostile, after: hostile + '!', label: hostile })")
    page.wait_for_timeout(100)
    assert page.evaluate("window.broken") is None
    assert page.evaluate("at.shadowRoot.querySelectorAll('script, [onerror]').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shown", ["rule", "completion", "problem", "search", "run", "diff", "narrow diff", "json"])
def test_nothing_keeps_anybody_out(page: Page, scheme: Any, shown: str) -> None:
    page.emulate_media(color_scheme=scheme)
    match shown:
        case "diff" | "narrow diff":
            page.set_viewport_size({"width": 390 if shown == "narrow diff" else 1000, "height": 800})
            both = {"before": RULE, "after": RULE.replace("who", "what").replace("name)", "name.strip())")}
            page.evaluate("both => claimsmith.diff(at, { ...both, label: 'Changes' })", both)
        case "json":
            page.evaluate("claimsmith.json(at, { doc: '{\"a\": [1, true, null], b}', label: 'Transaction' })")
            page.wait_for_timeout(300)
        case _:
            opened(page, RULE if shown != "problem" else f"{RULE}    unknown\n    return 1\n")
    if shown == "completion":
        write(page, "    context.")
        expect(page.locator(".cm-completionInfo")).to_be_visible()
    if shown == "problem":
        page.locator(".cm-lintRange-error").hover()
        expect(page.locator(".cm-tooltip-lint")).to_be_visible()
        page.evaluate("made.focus()")
        page.keyboard.press("ControlOrMeta+Shift+M")
        expect(page.locator(".cm-panel-lint")).to_be_visible()
    if shown == "search":
        page.evaluate("made.focus()")
        page.keyboard.press("ControlOrMeta+f")
        page.keyboard.type("name")
        expect(page.locator(".cm-searchMatch").first).to_be_visible()
    if shown == "run":
        page.evaluate("made.setRan([4, 6, 7], [9]); made.setLine(5)")
        page.evaluate("made.setValues([{ line: 5, text: 'user = {...}' }, { line: 7, text: 'a' }])")
    assert barriers(page) == []


THEME = STATIC.parent / "editor" / "theme.js"
COLOURS = {
    name: dict(zip(("light", "dark"), values, strict=True))
    for name, *values in re.findall(r'^  (\w+): \["(#\w{6})", "(#\w{6})"\],$', THEME.read_text(), re.MULTILINE)
}
TOKENS = ("text", "keyword", "string", "number", "comment", "name")
BEHIND = ("page", "active", "current", "selection", "match", "found", "added", "removed", "changed", "lost")
READ = [
    *itertools.product(TOKENS, BEHIND),
    *(("quiet", "page"), ("quiet", "panel"), ("text", "panel"), ("page", "accent")),
    *(("value", "page"), ("value", "current"), ("value", "active")),
]
SEEN = [
    ("error", "page"),
    ("hint", "page"),
    ("accent", "page"),
    ("ran", "panel"),
    ("missed", "panel"),
    ("hint", "current"),
]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_has_contrast(scheme: str) -> None:
    """WCAG 2.2: 4.5 for what is read (1.4.3), 3 for what is seen (1.4.11)."""
    assert len(COLOURS) == THEME.read_text().count('["#')
    for pairs, least in ((READ, 4.5), (SEEN, 3.0)):
        for front, back in pairs:
            low, high = sorted(luminance(COLOURS[name][scheme]) for name in (front, back))
            ratio = (high + 0.05) / (low + 0.05)
            assert ratio >= least, f"{front} on {back}: {ratio:.2f}"


def test_htmx_works_under_the_policy(page: Page) -> None:
    page.locator("#before").click()
    expect(page.locator("#part")).to_have_text("a part")


def test_what_it_costs_to_open(browser: Browser, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """From the address to the first character of a rule that is drawn; printed, since machines differ."""
    page = browser.new_page()
    page.goto(address, wait_until="commit")
    expect(page.locator("html[data-ready]")).to_have_count(1)
    took = page.evaluate(
        """doc => new Promise(resolve => {
      const begun = performance.now();
      claimsmith.editor(at, { doc, label: "Rule" });
      requestAnimationFrame(() => setTimeout(() => resolve([performance.now(), performance.now() - begun])));
    })""",
        RULE,
    )
    shown = page.locator(".cm-line").first.text_content()
    page.close()
    sizes = [
        f"{name} {len(content) // 1000} kB ({len(gzip.compress(content)) // 1000} kB compressed)"
        for name in ("editor.js", "htmx.js", "words.json")
        for content in [Path(STATIC / name).read_bytes()]
    ]
    with capsys.disabled():
        print(f"\n{', '.join(sizes)}; a rule is drawn in {took[0]:.0f} ms, of them the editor {took[1]:.0f} ms")
    assert shown == "import json"
