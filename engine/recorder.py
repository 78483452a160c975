"""Who takes note of an execution: the only thing in which production, a trial and a replay differ."""

from __future__ import annotations

from typing import Protocol

from engine.execution import Execution
from engine.models import Recording


class Recorder(Protocol):
    def add(self, execution: Execution, recording: Recording) -> None:
        """Take note of an execution, as the tenant's settings have it; must not block and must not fail."""


class NoRecorder:
    """For executions that are recorded nowhere: trying a draft, running a case."""

    def add(self, execution: Execution, recording: Recording) -> None:
        pass
