"""The page of the API: plain HTML that asks nothing of any other host, and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from api import page
from tests.declared import declared
from tests.service import Running, running

pytestmark = pytest.mark.anyio

VOID = {"meta", "wbr"}


class Reader(HTMLParser):
    """What a page is made of. Fails where elements do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.style = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data

    def all(self, attribute: str) -> list[str]:
        return [str(attributes[attribute]) for _, attributes in self.tags if attribute in attributes]


@pytest.fixture(scope="module")
async def answer(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[httpx2.Response]:
    async with running(tmp_path_factory.mktemp("docs")) as service:
        yield await served(service)


async def served(service: Running) -> httpx2.Response:
    response = await service.client.get("/docs")
    assert response.status_code == 200
    again = await service.client.get("/docs", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    return response


async def test_it_runs_nothing_and_asks_nobody(answer: httpx2.Response) -> None:
    reader = Reader(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    digest = base64.b64encode(hashlib.sha256(reader.style.encode()).digest()).decode()
    rules = [rule.strip() for rule in answer.headers["content-security-policy"].split(";")]
    assert rules[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert not {"script", "link", "img", "iframe", "form", "base"} & {tag for tag, _ in reader.tags}
    assert not [
        name for _, attributes in reader.tags for name in attributes if name == "style" or name.startswith("on")
    ]
    assert not re.search(r"url\(|@import", reader.style)
    assert {href for href in reader.all("href") if not href.startswith("#")} == {"openapi.json"}


async def test_everybody_finds_the_way(answer: httpx2.Response) -> None:
    reader = Reader(answer.text)
    ids = reader.all("id")
    assert len(ids) == len({*ids})
    assert {href[1:] for href in reader.all("href") if href.startswith("#")} <= {*ids}
    assert {*reader.all("aria-labelledby")} <= {*ids}
    assert ("html", {"lang": "en"}) in reader.tags
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert [tag for tag, _ in reader.tags if tag in ("header", "nav", "main")] == ["header", "nav", "main"]
    # What scrolls can be reached by keys.
    assert all(attributes.get("tabindex") == "0" for tag, attributes in reader.tags if tag == "pre")


async def test_everything_is_in_it(answer: httpx2.Response) -> None:
    ids = {*Reader(answer.text).all("id")}
    document = declared()
    assert {one["operationId"] for item in document["paths"].values() for one in item.values()} <= ids
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= ids
    assert "object of list of whole number and whole number<" in answer.text.replace("</", "<")  # bounds of lifetimes


def changed(value: Any, text: str) -> Any:
    """With `text` behind every text that a person reads."""
    if isinstance(value, dict):
        said = ("summary", "description", "example", "pattern", "default")
        return {
            name: one + text if name in said and isinstance(one, str) else changed(one, text)
            for name, one in value.items()
        }
    return [changed(one, text) for one in value] if isinstance(value, list) else value


def test_no_text_is_more_than_a_text() -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"
    shown = page.rendered(changed(declared(), hostile)).decode()
    assert shown.count("&lt;script&gt;") > 100
    assert not {"script", "img"} & {tag for tag, _ in Reader(shown).tags}
