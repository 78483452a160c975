"""Pages: templates that show every value as text, under a policy that lets no other script, style or host in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # without any, browsers send forms with `Origin: null`
}

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, values: dict[str, Any], status: int = 200) -> Response:
    """`template` with its `values`."""
    return HTMLResponse(_templates.get_template(template).render(values), status, HEADERS)


def pretty(value: Any) -> str:
    """A value as JSON that a person reads."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def compact(value: Any) -> str:
    """A value as JSON for a script: in an attribute, which escapes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def short(value: Any, most: int = 120) -> str:
    """A value as JSON in one line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"


def moment(value: str | int | float | datetime | None) -> str:
    """A time as it is shown, in UTC; scripts make it the reader's own."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        value = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def milliseconds(value: float | None) -> str:
    if value is None:
        return ""
    if value < 0.1:
        return "<0.1 ms"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def segment(value: Any) -> str:
    """A value as one segment of an address."""
    return quote(str(value), safe="")


_templates.filters |= {
    "compact": compact,
    "pretty": pretty,
    "short": short,
    "moment": moment,
    "ms": milliseconds,
    "segment": segment,
}
_templates.tests["identifier"] = str.isidentifier
