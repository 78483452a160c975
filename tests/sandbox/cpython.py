"""A rule run by CPython itself, without a sandbox: what the sandbox has to agree with.

Three things are put in, because no Python has them: attributes that are keys (`user.email`), the fixed clock,
and `UnauthorizedError`, `auth0`, `callback`, `http`, `cache` and `configuration`. Everything else is the
interpreter's own.
"""

from __future__ import annotations

import ast
import builtins
import copy
import datetime
import json
import os
import sys
import time
import types
import warnings
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.cache import cache
from sandbox.calls import Calls
from sandbox.configuration import Configuration
from sandbox.http import http
from sandbox.wire import CallKind
from tests.sandbox.trial import CLOCK, CONFIGURATION, Standing

DEPTH = 32

RESULTS = ("redirect", "multifactor")


class UnauthorizedError(Exception):
    pass


class Anyone(type):
    """Of a class that stands in for a real one: the instances of the real one are its own."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])


class Moment(datetime.datetime, metaclass=Anyone):
    """`datetime` with the clock of the execution; times without a zone are UTC."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Moment:
        epoch = cls(1970, 1, 1, tzinfo=datetime.UTC)
        now = epoch + datetime.timedelta(microseconds=CLOCK // 1000)
        return now.replace(tzinfo=None) if tz is None else now.astimezone(tz)

    @classmethod
    def utcnow(cls) -> Moment:
        return cls.now()

    @classmethod
    def today(cls) -> Moment:
        return cls.now()


class Day(datetime.date, metaclass=Anyone):
    @classmethod
    def today(cls) -> Day:
        return cls(*Moment.now().timetuple()[:3])


Moment.__name__, Day.__name__ = "datetime", "date"


def _stand_in(module: types.ModuleType, **changes: Any) -> types.ModuleType:
    made = types.ModuleType(module.__name__)
    vars(made).update(vars(module) | changes)
    return made


MODULES = {
    "datetime": _stand_in(datetime, datetime=Moment, date=Day),
    "time": _stand_in(time, time=lambda: CLOCK / 1e9, time_ns=lambda: CLOCK),
}


class Fields(ast.NodeTransformer):
    """`a.b` becomes a call that reads a key where `a` is a dict, and says what was read of what."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        read = isinstance(node.ctx, ast.Load)
        name, more = ("_read", [ast.Constant(node.attr)]) if read else ("_place", [])
        call: ast.expr = ast.Call(ast.Name(name, ast.Load()), [node.value, *more], [])
        if not read:
            call = ast.Attribute(call, node.attr, node.ctx)
        return ast.fix_missing_locations(ast.copy_location(call, node))


class Place:
    """What `d.name = value` and `del d.name` act on where `d` is a dict."""

    def __init__(self, holder: dict[str, Any]) -> None:
        vars(self)["holder"] = holder

    def __getattr__(self, name: str) -> Any:
        return self.holder[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self.holder[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self.holder:
            raise AttributeError(name)
        del self.holder[name]


def _place(holder: Any) -> Any:
    return Place(holder) if type(holder) is dict else holder


def _read(holder: Any, name: str, *default: Any) -> Any:
    if type(holder) is dict and not hasattr(holder, name):
        if name in holder:
            return holder[name]
        if not default:
            raise AttributeError(name)
    return getattr(holder, name, *default)


def _has(holder: Any, name: str) -> bool:
    return hasattr(holder, name) or (type(holder) is dict and name in holder)


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    return MODULES.get(name) or builtins.__import__(name, globals, locals, fromlist, level)


class Asking(Calls):
    """Calls without a service at the other end."""

    def __init__(self) -> None:
        self._standing = Standing()

    def ask(self, kind: CallKind, request: msgspec.Struct) -> bytes:
        return self._standing.said(kind, msgspec.json.encode(request))


class Run:
    """One login. `ending` is what came out of it, in the words of `test_ordinary`."""

    def __init__(
        self, script: str, user: dict[str, Any], context: dict[str, Any], seen: Callable[[Any, str], None]
    ) -> None:
        self._user, self._context = copy.deepcopy(user), copy.deepcopy(context)
        self._seen = seen
        self._logs: list[str] = []
        self._updates: dict[str, Any] = {}
        self._denied: str | None = None
        self._calls = Asking()
        self.ending = self._run(script)

    def _run(self, script: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(Fields().visit(ast.parse(script)), "<rule>", "exec", dont_inherit=True)
            namespace = self._namespace()
            exec(code, namespace)
            rule = namespace["rule"]
            arguments = [self._user, self._context, self._callback][: rule.__code__.co_argcount]
            try:
                rule(*arguments)
            except UnauthorizedError as error:
                self._denied = str(error)
        if self._denied is not None:
            return {"denied": self._denied} | self._updates | {"logs": self._logs}
        ending = {"claims": self._context["idToken"], "access": self._context["accessToken"]} | self._updates
        ending |= {name: self._context[name] for name in RESULTS if name in self._context}
        plain: dict[str, Any] = json.loads(json.dumps(ending | {"logs": self._logs}))
        return plain

    def _namespace(self) -> dict[str, Any]:
        names = vars(builtins) | {
            "__import__": _import,
            "UnauthorizedError": UnauthorizedError,
            "print": self._print,
            "getattr": self._getattr,
            "hasattr": _has,
            "setattr": lambda holder, name, value: setattr(_place(holder), name, value),
            "delattr": lambda holder, name: delattr(_place(holder), name),
            "auth0": types.SimpleNamespace(users=self._users()),
            "cache": cache(self._calls, DEPTH),
            "configuration": Configuration(CONFIGURATION),
            "http": http(self._calls, DEPTH),
        }
        return {"__builtins__": names, "__name__": "rule", "_read": self._getattr, "_place": _place}

    def _getattr(self, holder: Any, name: str, *default: Any) -> Any:
        self._seen(holder, name)
        if type(holder) is Configuration:
            return holder.member(name)
        return _read(holder, name, *default)

    def _users(self) -> types.SimpleNamespace:
        members: dict[str, Any] = {}
        for store, names in (
            ("user_metadata", ("updateUserMetadata", "update_user_metadata")),
            ("app_metadata", ("updateAppMetadata", "update_app_metadata")),
        ):
            members.update(dict.fromkeys(names, self._updater(store)))
        return types.SimpleNamespace(**members)

    def _updater(self, store: str) -> Callable[[str, dict[str, Any]], None]:
        def update(user_id: str, patch: dict[str, Any]) -> None:
            assert user_id == self._user["user_id"]
            self._updates[store] = self._updates.get(store, {}) | json.loads(json.dumps(patch))

        return update

    def _print(self, *values: Any, sep: str = " ", **rest: Any) -> None:
        self._logs.append(sep.join(map(str, values)))

    def _callback(self, error: Any = None, user: Any = None, context: Any = None) -> None:
        if error is not None and self._denied is None:
            self._denied = str(error)


def utc() -> Callable[[], None]:
    """Make times without a zone UTC in this process, as they are in a worker; returns the way back."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()

    def back() -> None:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()

    return back


VERSION = sys.version_info[:2]
