"""A call as a record shows it: without what is secret by its name, in addresses, headers and bodies."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from engine.masking import MASK
from engine.models import CallRecord
from engine.redaction import Path, Redaction

FORM = "application/x-www-form-urlencoded"


def masked_call(call: CallRecord, redaction: Redaction, at: Path, *, sealed: bool) -> CallRecord:
    """`at` is the place of the call in its record. In one that is `sealed` the answer stays beside its masked form, so
    that a replay is answered as the rule was."""
    take = _message if call.kind == "http" else _values
    made = {
        "request": take(msgspec.json.decode(call.request), redaction, (*at, "request")),
        "answer": take(msgspec.json.decode(call.answer) if sealed else call.shown, redaction, (*at, "answer")),
        "masked": take(msgspec.json.decode(call.masked), redaction, (*at, "answer")) if sealed else None,
    }
    texts = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in made.items()}
    return msgspec.structs.replace(call, **texts)


def _values(message: Any, redaction: Redaction, at: Path) -> Any:
    return redaction.masked(message, *at)


def _message(message: Any, redaction: Redaction, at: Path) -> Any:
    """A request or an answer."""
    if not isinstance(message, dict):
        return message
    shown = dict(message)
    headers = message.get("headers")
    if isinstance(headers, dict):
        shown["headers"] = redaction.masked(headers, *at, "headers")
    if isinstance(url := message.get("url"), str):
        shown["url"] = masked_url(url, redaction, (*at, "url"))
    if isinstance(body := message.get("body"), str) and not message.get("base64"):
        kinds = [str(value) for name, value in (headers or {}).items() if name.lower() == "content-type"]
        written = _form if any(FORM in kind for kind in kinds) else _json
        shown["body"] = written(body, redaction, (*at, "body"))
    return shown


def masked_url(url: str, redaction: Redaction, at: Path) -> str:
    """An address without the members of its query, and the credentials, that are secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.query:
        parts = parts._replace(query=_form(parts.query, redaction, at))
    _, at_sign, host = parts.netloc.rpartition("@")
    if at_sign:  # such a call is refused, but it was asked for
        parts = parts._replace(netloc=f"{MASK}@{host}")
    return urlunsplit(parts) if parts.query or at_sign else url


def _form(text: str, redaction: Redaction, at: Path) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    masked = [next(iter(redaction.masked({name: value}, *at).items())) for name, value in pairs]
    return text if masked == pairs else urlencode(masked, safe="*", errors="replace")


def _json(text: str, redaction: Redaction, at: Path) -> str:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text
    masked = redaction.masked(value, *at)
    return text if masked == value else msgspec.json.encode(masked).decode()
