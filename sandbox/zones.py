"""Time zones, loaded before the first rule and from one package, so that every machine has the same ones."""

from __future__ import annotations

import functools
import importlib.resources
import zoneinfo
from collections.abc import Mapping


@functools.cache
def zones() -> Mapping[str, zoneinfo.ZoneInfo]:
    """Every zone of `tzdata` by its key. The first call opens files, so it belongs into the zygote."""
    package = importlib.resources.files("tzdata")
    loaded = {}
    for key in (package / "zones").read_text().split():
        with package.joinpath("zoneinfo", *key.split("/")).open("rb") as file:
            loaded[key] = zoneinfo.ZoneInfo.from_file(file, key=key)
    return loaded


def zone(key: str) -> zoneinfo.ZoneInfo:
    """`zoneinfo.ZoneInfo`. Raises `ZoneInfoNotFoundError`."""
    if type(key) is not str:
        raise TypeError(f"the key of a time zone is a string, not a `{type(key).__name__}`")
    try:
        return zones()[key]
    except KeyError:
        raise zoneinfo.ZoneInfoNotFoundError(f"there is no time zone `{key}`") from None


def available() -> set[str]:
    """`zoneinfo.available_timezones`."""
    return set(zones())
