"""`configuration`: the operator's values, as a rule reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_NAMED = 20  # known names in an error


class Configuration:
    """The values of one execution. `get` and `keys` are its methods; every other attribute is a value's name."""

    __slots__ = ("__values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self.__values = values

    def member(self, name: str) -> Any:
        """`configuration.NAME`. Raises `AttributeError` that names what there is."""
        if name in ("get", "keys"):
            return getattr(self, name)
        if name not in self.__values:
            raise AttributeError(self._missing(name))
        return self.__values[name]

    def __getitem__(self, name: str) -> str:
        if type(name) is not str:
            raise TypeError(f"a name in `configuration` is a string, not a `{type(name).__name__}`")
        if name not in self.__values:
            raise KeyError(self._missing(name))
        return self.__values[name]

    def __contains__(self, name: object) -> bool:
        return type(name) is str and name in self.__values

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.__values)

    def get(self, name: str, default: Any = None) -> Any:
        return self.__values[name] if name in self else default

    def keys(self) -> list[str]:
        return sorted(self.__values)

    def _missing(self, name: str) -> str:
        known = self.keys()
        if not known:
            return f"`configuration` has no `{name}`: nothing is set"
        more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
        return f"`configuration` has no `{name}`: there is {', '.join(known[:MOST_NAMED])}{more}"

    def __repr__(self) -> str:
        return f"<configuration of {len(self)}>"
