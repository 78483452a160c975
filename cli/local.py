"""The sandbox of this machine, for commands that need no service."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from cli.refusal import Refused

if TYPE_CHECKING:
    from engine.workbench import Workbench


def elsewhere(url: str | None) -> str | None:
    """The address of the service to run on, or None for the sandbox of this machine.

    Raises `Refused` where there is neither: the sandbox is a matter of the Linux kernel.
    """
    if url is not None or sys.platform == "linux":
        return url
    if named := os.environ.get("CLAIMSMITH_URL"):
        return named
    raise Refused("the sandbox runs on Linux only: give the address of a service by --url")


@contextlib.asynccontextmanager
async def workbench() -> AsyncIterator[Workbench]:
    """The sandbox with the limits of the settings. Raises `Refused` where rules cannot be run here."""
    # Here, since a command that asks a service needs none of it.
    import structlog

    from api.service import limits_of
    from api.settings import BadSetting, Settings
    from engine.workbench import Workbench
    from sandbox.process import SandboxUnavailable, Unconfined

    # What rules do is shown by the command itself.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # On Ctrl-C a connection that is just being made is cut off, which is no news.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    try:
        settings = Settings.from_environ(os.environ)
        async with Workbench.open(limits_of(settings), settings.run_unconfined_by or ()) as bench:
            yield bench
    except Unconfined as exc:
        names = ",".join(exc.missing)
        raise Refused(f"{exc}: to run without, set CLAIMSMITH_RUN_UNCONFINED_BY={names}") from None
    except (SandboxUnavailable, BadSetting) as exc:
        raise Refused(str(exc)) from None
