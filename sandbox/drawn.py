"""Members that depend on the world: drawn from the execution's clock and seed, so that a replay sees the same."""

from __future__ import annotations

import base64
import datetime
import functools
import hmac
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox import tokens
from sandbox.facades import taking
from sandbox.members import MEMBERS
from sandbox.seeded import Seeded

DRAWN = frozenset({"jwt", "random", "secrets", "time", "uuid"})  # modules with such members
Change = Callable[[Any, Callable[[], Any]], Any]


class Drawn:
    """One step's clock (nanoseconds since the epoch) and randomness. `change` records what `shuffle` does."""

    def __init__(self, clock: int, seed: bytes, change: Change) -> None:
        self._clock = clock
        self._seed = seed
        self._change = change

    @functools.cached_property
    def _draw(self) -> Seeded:
        return Seeded(self._seed)

    def members(self, module: str) -> dict[str, Any]:
        """The members that are drawn of one of the modules in `DRAWN`."""
        match module:
            case "jwt":
                return {"decode": self._decode}
            case "random":
                return self._random()
            case "secrets":
                return self._secrets()
            case "time":
                return self._time()
            case "uuid":
                return {"uuid4": lambda: uuid.UUID(bytes=self._draw.randbytes(16), version=4)}
        raise AssertionError(f"nothing is drawn in `{module}`")

    def special(self) -> dict[tuple[type, str], Callable[..., Any]]:
        """Attributes of shared classes that depend on the clock, or import when they are called."""
        moment = datetime.datetime
        return {
            (moment, "now"): self._now,
            (moment, "utcnow"): lambda: self._now(datetime.UTC).replace(tzinfo=None),
            (moment, "today"): self._now,
            (moment, "fromtimestamp"): lambda timestamp, tz=None: moment.fromtimestamp(timestamp, tz),
            (moment, "utcfromtimestamp"): lambda timestamp: moment.fromtimestamp(timestamp, datetime.UTC).replace(
                tzinfo=None
            ),
            (moment, "strptime"): lambda text, form: moment.strptime(text, form),
            (datetime.date, "today"): lambda: self._now().date(),
            (datetime.date, "fromtimestamp"): lambda timestamp: datetime.date.fromtimestamp(timestamp),
        }

    def _now(self, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        now = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(microseconds=self._clock // 1000)
        return now.replace(tzinfo=None) if tz is None else now.astimezone(tz)

    def _decode(
        self,
        jwt: str | bytes,
        key: str | bytes = "",
        algorithms: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        audience: Any = None,
        issuer: Any = None,
        leeway: float | datetime.timedelta = 0,
    ) -> dict[str, Any]:
        """`jwt.decode` at the execution's time."""
        return tokens.decode(self._clock / 1e9, jwt, key, algorithms, options, audience, issuer, leeway)

    def _random(self) -> dict[str, Any]:
        draw = self._draw
        members = {name: getattr(draw, name) for name in MEMBERS["random"] - {"shuffle"}}
        members["shuffle"] = lambda x: self._change(x, lambda: random.Random.shuffle(draw, x))
        return members

    def _secrets(self) -> dict[str, Any]:
        draw = self._draw

        def token(nbytes: int | None) -> bytes:
            return draw.randbytes(32 if nbytes is None else nbytes)

        return {
            "choice": draw.choice,
            "compare_digest": hmac.compare_digest,
            "randbelow": draw.below,
            "randbits": draw.getrandbits,
            "token_bytes": lambda nbytes=None: token(nbytes),
            "token_hex": lambda nbytes=None: token(nbytes).hex(),
            "token_urlsafe": lambda nbytes=None: base64.urlsafe_b64encode(token(nbytes)).rstrip(b"=").decode(),
        }

    def _time(self) -> dict[str, Any]:
        def seconds(given: float | None) -> float:
            return self._clock // 1_000_000_000 if given is None else given

        return {
            "time": lambda: self._clock / 1e9,
            "time_ns": lambda: self._clock,
            "gmtime": lambda secs=None: time.gmtime(seconds(secs)),
            # The zygote's zone is UTC.
            "localtime": lambda secs=None: time.gmtime(seconds(secs)),
            "strftime": lambda form, t=None: time.strftime(form, time.gmtime(seconds(None)) if t is None else t),
            "strptime": taking(time.strptime),
        }
