"""Circuit breakers: a host that does not answer is left alone for a while, so that logins do not wait for it.

Each is of one tenant and one host: what one tenant's rules bring about does not keep another's from calling.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

FAILURES = 5  # in a row
LEFT_ALONE = 10.0  # seconds
MOST = 10_000  # hosts that are remembered


@dataclass(slots=True)
class _Breaker:
    failures: int = 0
    until: float = 0.0


Origin = tuple[str, str, int]  # scheme, host and port


class Breakers:
    def __init__(self) -> None:
        self._breakers: OrderedDict[tuple[str, Origin], _Breaker] = OrderedDict()

    def left_alone(self, tenant: str, host: Origin) -> float:
        """Seconds for which a host is not to be asked; 0 where it may be. Of those who ask after that time the first
        may, and the others wait for what comes of it."""
        breaker = self._breakers.get((tenant, host))
        if breaker is None or breaker.failures < FAILURES:
            return 0.0
        left = breaker.until - time.monotonic()
        if left > 0:
            return left
        breaker.until = time.monotonic() + LEFT_ALONE
        return 0.0

    def answered(self, tenant: str, host: Origin) -> None:
        self._breakers.pop((tenant, host), None)

    def failed(self, tenant: str, host: Origin) -> None:
        breaker = self._breakers.setdefault((tenant, host), _Breaker())
        self._breakers.move_to_end((tenant, host))
        breaker.failures += 1
        breaker.until = time.monotonic() + LEFT_ALONE
        if len(self._breakers) > MOST:
            self._breakers.popitem(last=False)
