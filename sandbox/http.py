"""`http`: what rules ask of other services, in the terms of `requests`.

The worker writes the request and reads the answer; whether and how it goes out is the service's business
(`engine.calls`). Values are looked at by their exact types, so that no method of a rule's object is called.
"""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sandbox.calls import Calls
from sandbox.exchanges import METHODS, HttpAnswer, HttpRequest, Method
from sandbox.modules import Namespace
from sandbox.plain import NotPlain, plain
from sandbox.responses import EXCEPTIONS, FAILURES, Response

_answer = msgspec.json.Decoder(HttpAnswer)


def http(calls: Calls, depth: int) -> Namespace:
    """One step's `http`."""

    def send(
        method: Method,
        url: Any,
        headers: Any = None,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        auth: Any = None,
        timeout: Any = None,
        cache: Any = None,
    ) -> Response:
        given = {name: _text(f"the header `{name}`", value) for name, value in _members("headers", headers)}
        body, kind = _body(json, data, depth)
        if kind is not None and "content-type" not in {name.lower() for name in given}:
            given["Content-Type"] = kind
        if auth is not None:
            given["Authorization"] = _basic(auth)
        text, encoded = _written(body)
        request = HttpRequest(
            method=method,
            url=_with_params(_text("the address", url), params),
            headers=given,
            body=text,
            base64=encoded,
            timeout=None if timeout is None else _seconds("timeout", timeout),
            cache=None if cache is None else _seconds("cache", cache),
        )
        if request.cache is not None and method != "GET":
            raise ValueError("`cache` is for `http.get`: other calls change something")
        answer = _answer.decode(calls.ask("http", request))
        if answer.failure is not None:
            raise FAILURES[answer.failure](answer.message)
        return Response(answer)

    methods = {method.lower(): _method(send, method) for method in METHODS}
    exceptions = {kind.__name__: kind for kind in EXCEPTIONS}
    return Namespace("http", {**methods, "request": _any_method(methods), **exceptions})


def _method(send: Callable[..., Response], method: Method) -> Callable[..., Response]:
    def call(
        url: str,
        *,
        headers: Any = None,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        auth: Any = None,
        timeout: Any = None,
        cache: Any = None,
    ) -> Response:
        return send(method, url, headers, params, json, data, auth, timeout, cache)

    return call


def _any_method(methods: Mapping[str, Callable[..., Response]]) -> Callable[..., Response]:
    def request(method: str, url: str, **options: Any) -> Response:
        call = methods.get(_text("the method", method).lower())
        if call is None:
            raise ValueError(f"`{method[:20]}` is not a method: one of {', '.join(METHODS)}")
        return call(url, **options)

    return request


def _text(what: str, value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{what} is a string, not a `{type(value).__name__}`")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} holds half a surrogate pair") from None
    return value


def _members(what: str, value: Any) -> list[tuple[str, Any]]:
    if value is None:
        return []
    if type(value) is not dict:
        raise TypeError(f"`{what}` is a dict, not a `{type(value).__name__}`")
    return [(_text(f"a name in `{what}`", name), member) for name, member in value.items()]


def _seconds(what: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 < value < 1e9:
        raise ValueError(f"`{what}` is a number of seconds above 0")
    return float(value)


def _pairs(what: str, value: Any) -> list[tuple[str, str]]:
    """Members as they stand in an address or a form: of a list one each; None is left out."""
    pairs = []
    for name, member in _members(what, value):
        for one in member if type(member) in (list, tuple) else (member,):
            if one is None:
                continue
            if type(one) not in (str, int, float, bool):
                raise TypeError(f"`{name}` in `{what}` is text or a number, not a `{type(one).__name__}`")
            pairs.append((name, _text(name, one) if type(one) is str else str(one)))
    return pairs


def _with_params(url: str, params: Any) -> str:
    query = urllib.parse.urlencode(_pairs("params", params))
    if not query:
        return url
    address, hash_, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{query}{hash_}{fragment}"


def _body(given: Any, data: Any, depth: int) -> tuple[bytes, str | None]:
    if given is not None and data is not None:
        raise ValueError("give one of `json` and `data`")
    if given is not None:
        try:
            return msgspec.json.encode(plain(given, depth)), "application/json"
        except NotPlain as error:
            raise ValueError(f"`json`: {error}") from None
    if data is None:
        return b"", None
    if type(data) is dict:
        return urllib.parse.urlencode(_pairs("data", data)).encode(), "application/x-www-form-urlencoded"
    if type(data) is bytes:
        return data, None
    return _text("`data`", data).encode(), "text/plain; charset=utf-8"


def _written(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _basic(auth: Any) -> str:
    if type(auth) is not tuple or len(auth) != 2:
        raise TypeError("`auth` is a tuple of a name and a password")
    name, password = _text("the name in `auth`", auth[0]), _text("the password in `auth`", auth[1])
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
