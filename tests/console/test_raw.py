"""JSON in pieces: set out and put together without a number that is another, or a text that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from tests.console.conftest import sign_in
from tests.console.site import Site
from tests.test_lifecycle import Served

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
ASK = """async ([text, ...args]) => {
  const raw = await import("/console/static/raw.js");
  const [name, ...names] = args;
  return raw[name](text, ...names) ?? null;
}"""


@pytest.fixture(scope="module")
def page(served: Served, browser: Browser) -> Iterator[Page]:
    secret = (served.data / "secret").read_text().strip()
    page = browser.new_context().new_page()
    site = Site(served.address(), secret, "default")
    sign_in(page, site, site.token())
    yield page
    page.context.close()


def raw(page: Page, text: str, *args: str) -> Any:
    return page.evaluate(ASK, [text, *args])


@given(VALUES, st.sampled_from([None, 1]))
@settings(max_examples=60, deadline=None)
def test_what_is_set_out_is_the_same(page: Page, value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert repr(json.loads(raw(page, text, "setOut"))) == repr(json.loads(text))


@given(st.dictionaries(st.text(), VALUES))
@settings(max_examples=60, deadline=None)
def test_members_are_as_they_are_written(page: Page, value: dict[str, Any]) -> None:
    found = raw(page, f"  {json.dumps(value)}\n", "pieces")
    assert [(name, repr(json.loads(text))) for name, text in found] == [(k, repr(v)) for k, v in value.items()]


def test_a_member_far_in(page: Page) -> None:
    text = '{"a\\"b": {"c": [1.0, {"d": 1e5}], "c2": 1180591620717411303424}, "x": "}"}'
    assert raw(page, text, "member", 'a"b', "c") == '[1.0, {"d": 1e5}]'
    assert raw(page, text, "member", 'a"b', "c2") == "1180591620717411303424"
    assert raw(page, text, "member", "x") == '"}"'
    assert raw(page, text, "member", "y") is None
    assert raw(page, '{"a": 1, "a": 2}', "member", "a") == "2"


def test_what_is_short_stays_on_its_line(page: Page) -> None:
    text = '{"name":"n","user":{"user_id":"u1","n":1.0},"list":[],"long":["' + "x" * 80 + '"]}'
    lines = raw(page, text, "setOut").split("\n")
    assert lines[:4] == ["{", '  "name": "n",', '  "user": {"user_id": "u1", "n": 1.0},', '  "list": [],']
