"""A browser that can be told to lie: it keeps cookies, and sends whatever headers a test wants."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import httpx2

from tests.service import Running


class Visitor:
    def __init__(self, service: Running) -> None:
        self.service = service
        self.cookies: dict[str, str] = {}

    async def ask(self, method: str, path: str, *, keeps: bool = True, **options: Any) -> httpx2.Response:
        """One request with the cookies; those of the answer are kept. `form` is sent as a browser sends one."""
        headers = dict(options.pop("headers", {}))
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if (form := options.pop("form", None)) is not None:
            options["content"] = urlencode(form)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        self.service.client.cookies.clear()
        response = await self.service.client.request(method, path, headers=headers, follow_redirects=False, **options)
        self.service.client.cookies.clear()
        if keeps:
            for morsel in set_cookies(response):
                if morsel["max-age"] == "0":
                    self.cookies.pop(morsel.key, None)
                else:
                    self.cookies[morsel.key] = morsel.value
        return response

    async def sign_in(self, token: str | None = None, **options: Any) -> httpx2.Response:
        wanted = options.pop("next", "")
        form = {"token": self.service.token() if token is None else token, "next": wanted}
        return await self.ask("POST", "/console/sign-in", form=form, **options)

    async def csrf(self, tenant: str = "default") -> str:
        """That of the session, as the pages have it."""
        page = await self.ask("GET", f"/console/t/{tenant}/rules")
        found = re.search(r'data-csrf="([^"]+)"', page.text)
        assert found is not None, page.text
        return found[1]


def set_cookies(response: httpx2.Response) -> list[Any]:
    """Those of an answer, in their order."""
    made: list[Any] = []
    for line in response.headers.get_list("set-cookie"):
        cookie: SimpleCookie = SimpleCookie()
        cookie.load(line)
        made += cookie.values()
    return made
