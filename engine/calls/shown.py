"""A call as a record shows it: without what is secret by its name, in addresses, headers and bodies."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from engine.masked import OF_CALLS
from engine.models import CallRecord
from engine.redaction import Path, Redaction

FORM = "application/x-www-form-urlencoded"


def masked_call(call: CallRecord, redaction: Redaction, at: Path, *, sealed: bool) -> CallRecord:
    """`at` is the place of the call in its record. In one that is `sealed` the answer stays beside its masked form, so
    that a replay is answered as the rule was."""
    request, answer = msgspec.json.decode(call.request), msgspec.json.decode(call.answer) if sealed else call.shown
    # What is kept has the name that it is kept by.
    key = str(request.get("key", "value")) if isinstance(request, dict) else "value"
    made = {
        "request": _message(request, redaction, (*at, "request"), key),
        "answer": _message(answer, redaction, (*at, "answer"), key),
        "masked": _message(msgspec.json.decode(call.masked), redaction, (*at, "answer"), key) if sealed else None,
    }
    texts = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in made.items()}
    return msgspec.structs.replace(call, **texts)


def _message(message: Any, redaction: Redaction, at: Path, key: str) -> Any:
    """A request or an answer (`sandbox.exchanges`). Whatever a pattern names, it still can be read as one."""
    if not isinstance(message, dict):
        return message
    shown = dict(message)
    for name in message:
        place = (*at, name)
        if name in OF_CALLS:
            continue
        if name == "headers" and isinstance(shown[name], dict):
            shown[name] = {
                header: redaction.masked(value, *place, header) for header, value in message["headers"].items()
            }
        elif name == "url" and not redaction.names(place):
            shown[name] = shown_address(message[name], redaction, place)
        elif name == "body" and not redaction.names(place):
            shown[name] = _body(message, redaction, place)
        elif name == "value" and not redaction.names(place):
            shown[name] = redaction.masked(message[name], *at, key)
        else:
            shown[name] = redaction.masked(message[name], *place)
    return shown


def _body(message: Any, redaction: Redaction, at: Path) -> Any:
    if message.get("base64"):
        return message["body"]
    headers = message.get("headers", {}).items()
    is_form = any(name.lower() == "content-type" and FORM in str(value) for name, value in headers)
    return (_form if is_form else _json)(message["body"], redaction, at)


def shown_address(url: str, redaction: Redaction, at: Path) -> str:
    """An address without what is secret of its parameters, and without a password in front of its host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    who, found, host = parts.netloc.rpartition("@")
    if found:
        parts = parts._replace(netloc=f"{redaction.hidden(who, *at)}@{host}")
    if parts.query:
        parts = parts._replace(query=_form(parts.query, redaction, at))
    return urlunsplit(parts) if found or parts.query else url


def _form(text: str, redaction: Redaction, at: Path) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    masked = [(name, redaction.masked(value, *at, name)) for name, value in pairs]
    return text if masked == pairs else urlencode(masked, safe="*", errors="replace")


def _json(text: str, redaction: Redaction, at: Path) -> str:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    except RecursionError:  # nobody can say what stands so deep
        return str(redaction.hidden(text, *at))
    masked = redaction.masked(value, *at)
    return text if masked == value else msgspec.json.encode(masked).decode()
