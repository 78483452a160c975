"""What the engine itself reads of a transaction, and what it cannot use."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from engine.models import Transaction

T = TypeVar("T")


class InvalidTransaction(Exception):
    """`user` or `context` cannot be used; `path` says where."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class RequestView(msgspec.Struct, frozen=True):
    query: dict[str, Any] | None = None


class ContextView(msgspec.Struct, frozen=True):
    """The few fields of `context` that the engine itself looks at."""

    idToken: dict[str, Any] | None = None
    accessToken: dict[str, Any] | None = None
    protocol: str | None = None
    lifetime: Any = None
    clientID: Any = None
    connection: Any = None
    request: msgspec.Raw = msgspec.Raw(b"null")


class UserView(msgspec.Struct, frozen=True):
    user_id: Any = None


_user_view = msgspec.json.Decoder(UserView)
_context_view = msgspec.json.Decoder(ContextView)
_anything = msgspec.json.Decoder(Any)


def read_view(transaction: Transaction) -> ContextView:
    """What the engine looks at. Raises `InvalidTransaction`."""
    if transaction.user is not None and not transaction.user.lstrip().startswith(b"{"):
        raise InvalidTransaction("$.user", "expected an object or null")
    return _read("$.context", transaction.context, _context_view)


def whose(transaction: Transaction, view: ContextView) -> str:
    """The person, or the client where there is none."""
    if transaction.user is None:
        return f"client {view.clientID!r}"
    return f"user {_user_view.decode(transaction.user).user_id!r}"


def require_readable(transaction: Transaction) -> None:
    """Read all of `user` and `context`, with the place of what cannot be read (a number beyond all bounds)."""
    _read("$.user", transaction.user or b"null", _anything)
    _read("$.context", transaction.context, _anything)


def _read(place: str, text: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidTransaction(place + path.rstrip("`"), message[:1].lower() + message[1:]) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidTransaction(place, str(error)) from None
