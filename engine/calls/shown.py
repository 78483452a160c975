"""A call as a record shows it: without what is secret by its name, in addresses, headers and bodies."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from engine.redaction import Redaction

FORM = "application/x-www-form-urlencoded"


def shown_call(call: dict[str, Any], redaction: Redaction) -> dict[str, Any]:
    """`call` is a member of `Step.calls`."""
    if call["kind"] != "http":
        return {**call, "request": redaction.masked(call["request"]), "answer": redaction.masked(call["answer"])}
    return {**call, "request": _message(call["request"], redaction), "answer": _message(call["answer"], redaction)}


def _message(message: Any, redaction: Redaction) -> Any:
    """A request or an answer."""
    if not isinstance(message, dict):
        return message
    shown = dict(message)
    headers = message.get("headers")
    if isinstance(headers, dict):
        shown["headers"] = redaction.masked(headers)
    if isinstance(url := message.get("url"), str):
        shown["url"] = _url(url, redaction)
    if isinstance(body := message.get("body"), str) and not message.get("base64"):
        kinds = [str(value) for name, value in (headers or {}).items() if name.lower() == "content-type"]
        shown["body"] = _form(body, redaction) if any(FORM in kind for kind in kinds) else _json(body, redaction)
    return shown


def _url(url: str, redaction: Redaction) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(query=_form(parts.query, redaction))) if parts.query else url


def _form(text: str, redaction: Redaction) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    masked = [next(iter(redaction.masked({name: value}).items())) for name, value in pairs]
    return text if masked == pairs else urlencode(masked, safe="*")


def _json(text: str, redaction: Redaction) -> str:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text
    masked = redaction.masked(value)
    return text if masked == value else msgspec.json.encode(masked).decode()
