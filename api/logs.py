"""Structured logs on standard error: for people in a terminal, JSON for machines."""

from __future__ import annotations

import logging
import sys

import structlog

from api.settings import Settings

SAID_BY_US = ("uvicorn.error", "opentelemetry")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def set_up(settings: Settings) -> None:
    """Send structlog's and the standard library's log lines the same way."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[structlog.types.Processor]
    if settings.log_format == "json":
        # A traceback as text, without local variables: they hold secrets.
        renderers = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        logging.captureWarnings(True)  # else they are lines of their own
    else:
        # Not the default for exceptions, which prints local variables: they hold secrets.
        plain = structlog.dev.plain_traceback
        renderers = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    level = LEVELS[settings.log_level]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # The service says itself what it does; these repeat it for every request or failure.
    for name in ("uvicorn.access", "uvicorn.error", "alembic", "httpx2", "httpcore2", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.CRITICAL if name in SAID_BY_US else logging.WARNING)
