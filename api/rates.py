"""How often one caller may ask: a bucket of its own that fills steadily (a token bucket), kept in this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from api.callers import Caller
from api.errors import ApiError

BURST = 2.0  # seconds' worth that may come at once
MOST = 10_000  # callers that are remembered


class Rates:
    """Of this process; with several, or replicas, each allows its share of the traffic that it sees."""

    def __init__(self, per_second: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        """0: as often as they like."""
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # what is in it, and when
        self.refused = 0

    def take(self, caller: Caller) -> None:
        """One call of a caller, who is known by tenant and subject. Raises `ApiError` 429, with `Retry-After`."""
        if self._per_second == 0:
            return
        key, now = (caller.tenant, caller.subject), self._monotonic()
        most = max(1.0, self._per_second * BURST)
        left, since = self._buckets.pop(key, (most, now))
        left = min(most, left + (now - since) * self._per_second)
        allowed = left >= 1.0
        self._buckets[key] = (left - 1.0 if allowed else left), now
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        if not allowed:
            self.refused += 1
            seconds = math.ceil((1.0 - left) / self._per_second)
            text = f"more than {self._per_second} calls in a second; wait {seconds} s"
            raise ApiError("too_many_requests", text, headers={"Retry-After": str(seconds)})
