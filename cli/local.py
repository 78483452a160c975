"""The sandbox of this machine, for commands that need no service."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator

import structlog

from api.service import limits_of
from api.settings import BadSetting, Settings
from cli.refusal import Refused
from engine.workbench import Workbench
from sandbox.limits import Limits
from sandbox.process import SandboxUnavailable, Unconfined


def elsewhere(url: str | None) -> str | None:
    """The address of the service to run on, or None for the sandbox of this machine.

    Raises `Refused` where there is neither: the sandbox is a matter of the Linux kernel.
    """
    if url is not None or sys.platform == "linux":
        return url
    if named := os.environ.get("CLAIMSMITH_URL"):
        return named
    raise Refused("the sandbox runs on Linux only: give the address of a service by --url")


def limits() -> Limits:
    """Those of the settings in this environment, as `claimsmith serve` would take them. Raises `Refused`."""
    return limits_of(_settings())


@contextlib.asynccontextmanager
async def workbench() -> AsyncIterator[Workbench]:
    """The sandbox with the limits of the settings. Raises `Refused` where rules cannot be run here."""
    # What rules do is shown by the command itself.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = _settings()
    try:
        async with Workbench.open(limits_of(settings), settings.run_unconfined_by or ()) as bench:
            yield bench
    except Unconfined as exc:
        names = ",".join(exc.missing)
        raise Refused(f"{exc}: to run without, set CLAIMSMITH_RUN_UNCONFINED_BY={names}") from None
    except SandboxUnavailable as exc:
        raise Refused(str(exc)) from None


def _settings() -> Settings:
    try:
        return Settings.from_environ(os.environ)
    except BadSetting as exc:
        raise Refused(str(exc)) from None
