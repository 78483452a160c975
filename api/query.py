"""The parameters of an address, read into a Struct: each once, and none that is not known."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

import msgspec
from starlette.requests import Request

from api.errors import ApiError

T = TypeVar("T", bound=msgspec.Struct)

LONGEST_SHOWN = 40  # characters of what the caller has written


def read_query(request: Request, type_: type[T]) -> T:
    """The query as a `type_`, whose fields are texts, words of a list and numbers. Raises `ApiError` 400
    `invalid_request` for a parameter that is not known, is given twice, is missing or is none of its type."""
    fields = {field.name: field for field in msgspec.structs.fields(type_)}
    values: dict[str, Any] = {}
    for name, text in request.query_params.multi_items():
        if name not in fields:
            _refuse(name, f"there is no such parameter here; known are {', '.join(fields)}")
        if name in values:
            _refuse(name, "it is given twice: give it once")
        values[name] = _value(name, text, fields[name].type)
    for name, field in fields.items():
        if field.required and name not in values:
            _refuse(name, f"it is missing: give {_description(field.type)}")
    return type_(**values)


def require_none(request: Request) -> None:
    """Raises `ApiError` 400 `invalid_request` where the address has parameters: nobody would look at them."""
    for name in request.query_params:
        _refuse(name, "there is no such parameter here, nor any other")


def _value(name: str, text: str, type_: Any) -> Any:
    try:
        value = msgspec.convert(text, type_, strict=False)
        taken = str(value) == text  # `1e3` would be read as a number, too, and `null` as nothing
    except msgspec.ValidationError:
        taken = False
    if not taken:
        shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
        _refuse(name, f"`{shown}` cannot be taken: give {_description(type_)}")
    return value


def _description(type_: Any) -> str:
    found: str = next(meta.description for meta in type_.__metadata__ if meta.description)
    return found


def _refuse(name: str, message: str) -> NoReturn:
    name = name[:LONGEST_SHOWN]
    raise ApiError(
        "invalid_request", f"`{name}`: {message}", problems=[{"parameter": name, "message": message}]
    ) from None
