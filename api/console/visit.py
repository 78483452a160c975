"""One request of somebody who is signed in, as screens see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.console.asking import Api
from api.console.pages import page
from api.console.session import (
    Session,
    Sessions,
    cookie_name,
    cookie_names,
    delete_cookie,
    has_csrf,
    is_ours,
    set_cookie,
)
from api.errors import ApiError

SAID = "claimsmith_said"  # the cookie with what the next page says first
KEPT = 60  # seconds
MOST_SAID = 500  # characters
MOST_FORM = 1_048_576  # bytes
PLACE = "/console/t"


@dataclass(frozen=True)
class Visit:
    """`who` is what `/v1/caller` says; `api` asks about the things of `tenant`."""

    request: Request
    session: Session
    who: Mapping[str, Any]
    tenant: str
    api: Api
    screens: Sequence[tuple[str, str, str]]  # path, label and scope of those that can be gone to

    @property
    def home(self) -> str:
        """Where the tenant's screens are."""
        return f"{PLACE}/{self.tenant}"

    def allows(self, scope: str) -> bool:
        return scope in self.who["scopes"] or "admin" in self.who["scopes"]

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address that were filled in."""
        return {name: value for name, value in self.request.query_params.items() if value}

    @property
    def is_part(self) -> bool:
        """Whether a part of a page is asked for (htmx), not a whole one."""
        return self.request.headers.get("hx-request") == "true"

    async def form(self) -> dict[str, str]:
        """The fields of a form that one of our pages has sent. Raises `ApiError` for any other."""
        if not is_ours(self.request):
            raise ApiError("invalid_request", "this form was sent by another site")
        pieces, size = [], 0
        async for piece in self.request.stream():
            size += len(piece)
            if size > MOST_FORM:
                raise ApiError("payload_too_large", f"a form may have {MOST_FORM:,} bytes")
            pieces.append(piece)
        try:
            text = b"".join(pieces).decode()
            fields = dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=10_000))
        except ValueError:
            raise ApiError("invalid_request", "the form cannot be read") from None
        given = fields.pop("csrf", "") or self.request.headers.get("x-csrf-token", "")
        if not has_csrf(self.session, given):
            raise ApiError(
                "invalid_request", "this form is of an earlier sign-in: load the page again, and send it anew"
            )
        return fields

    def page(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A whole page, or a part of one where the template is one."""
        names = cookie_names(self.request, SAID)
        given = [text for name in names if (text := self._sessions.open(self.request.cookies.get(name, ""), str, KEPT))]
        response = page(template, {"visit": self, "said": given[0] if given else "", **values}, status)
        for name in names:
            delete_cookie(response, self.request, name)
        return response

    def go(self, to: str, said: str = "") -> Response:
        """To another screen of the tenant (`to` begins with a slash), which says first what was `said`."""
        response = RedirectResponse(self.home + to, 303)
        if said:
            # Sealed, so that what a page says is never somebody else's.
            sealed = self._sessions.seal(said[:MOST_SAID])
            set_cookie(response, self.request, cookie_name(self.request, SAID), sealed, KEPT)
        return response

    @property
    def _sessions(self) -> Sessions:
        sessions: Sessions = self.request.app.state.service.sessions
        return sessions

    @property
    def navigation(self) -> list[tuple[str, str]]:
        """Path and label of the screens that this person may see."""
        return [(path, label) for path, label, scope in self.screens if self.allows(scope)]

    def is_at(self, path: str) -> bool:
        """Whether this is the screen at `path`, or one below it."""
        here = self.request.url.path.removeprefix(self.home)
        return here == path or here.startswith(path + "/")

    @property
    def headers_of_parts(self) -> str:
        """What htmx sends along with everything."""
        return json.dumps({"X-CSRF-Token": self.session.csrf})
