"""`claimsmith token`: a signed token for the service that uses the same data folder or secret."""

from __future__ import annotations

import os
import re
from pathlib import Path

from api.callers import issue_token
from api.settings import Settings
from engine.keys import Keys, read_or_make_secret

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST_LIFE = 3_650 * 86_400


class BadDuration(ValueError):
    """A text that is no duration."""


def read_duration(text: str) -> int:
    """The seconds in `30s`, `15m`, `1h` or `7d`. Raises `BadDuration`."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= LONGEST_LIFE:
        raise BadDuration(f"`{text}` is not a duration; give one like 30s, 15m, 1h or 7d, at most 3650d")
    return seconds


def make_token(scope: str, tenant: str, subject: str, expires: str, data: Path | None) -> str:
    """A token that the service with this environment and data folder accepts.

    Like the service it makes the secret of a data folder that has none. Raises `BadSetting`, `BadSecret`,
    `NotIssuable` or `BadDuration`.
    """
    settings = Settings.from_environ(os.environ, data=data)
    seconds = read_duration(expires)
    keys = Keys(settings.secret or read_or_make_secret(settings.data))
    return issue_token(keys, scope=scope, tenant=tenant, subject=subject, expires_in=seconds)
