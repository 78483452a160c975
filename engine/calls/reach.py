"""What the rules of one execution can ask for beside their transaction."""

from __future__ import annotations

from typing import NamedTuple

from engine.calls.made import Made
from engine.configuration import ConfigurationSet
from engine.masking import NOTHING, Masking
from engine.models import CallRecord
from sandbox.brokering import NOBODY, Broker

NO_VALUES = b"{}"


class Reach(NamedTuple):
    """`configuration` where a rule mentions it, `made` where one may make calls."""

    configuration: ConfigurationSet | None = None
    made: Made | None = None

    @property
    def number(self) -> int | None:
        """Of the set of values."""
        return None if self.configuration is None else self.configuration.number

    @property
    def placeholders(self) -> bool:
        """Whether the values are no secrets."""
        return self.configuration is not None and self.configuration.number is None

    @property
    def text(self) -> bytes:
        """The values as a worker reads them."""
        return NO_VALUES if self.configuration is None else self.configuration.text

    @property
    def masking(self) -> Masking:
        return NOTHING if self.configuration is None else self.configuration.masking

    @property
    def hidden(self) -> Masking:
        """What is not to be seen in what is recorded and shown."""
        return NOTHING if self.configuration is None else self.configuration.hidden

    @property
    def broker(self) -> Broker:
        return self.made or NOBODY

    @property
    def calls(self) -> tuple[CallRecord, ...]:
        return () if self.made is None else self.made.noted()

    @property
    def unrecorded(self) -> CallRecord | None:
        return None if self.made is None else self.made.unrecorded


NO_REACH = Reach()
