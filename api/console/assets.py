"""Style sheets and scripts of the console: read once, served to everybody."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, error_response

FOLDER = Path(__file__).parent / "static"
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@functools.cache
def files() -> dict[str, tuple[bytes, str, str]]:
    """Content, media type and `ETag` by name."""
    return {
        path.name: (body := path.read_bytes(), MEDIA[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        for path in FOLDER.iterdir()
        if path.suffix in MEDIA
    }


async def asset(request: Request) -> Response:
    """One of them. It is asked for anew each time, and seldom sent: a new version is there with the next page."""
    found = files().get(request.path_params["name"])
    if found is None:
        return error_response(ApiError("not_found"))
    body, media, etag = found
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": media})
