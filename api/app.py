"""The composition root: settings in, an ASGI application out."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette

from api.documents import Documents
from api.errors import EXCEPTION_HANDLERS
from api.failures import FAILURE_HANDLERS
from api.process import Process
from api.routes import OPEN_ROUTES, ROUTES, routes
from api.service import Service
from api.settings import Settings

Started = Callable[[Service], Awaitable[None]]
Failed = Callable[[BaseException], object]


def create_app(
    settings: Settings,
    on_start: Started | None = None,
    on_failure: Failed | None = None,
    process: Process | None = None,
) -> Starlette:
    """The service. Its parts start with the application's lifespan, and end with it.

    `on_start` is awaited when all are there. `on_failure` is told why a start failed, which a server that
    speaks ASGI's lifespan protocol does not pass on. `process` says which of several it is.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                service = await stack.enter_async_context(Service.open(settings, process))
                app.state.service = service
                if on_start is not None:
                    await on_start(service)
                # What the service is made of stays: to look through it again and again is a twentieth of its work.
                gc.collect()
                gc.freeze()
                stack.callback(gc.unfreeze)
            except BaseException as error:
                if on_failure is not None:
                    on_failure(error)
                raise
            yield

    handlers = {**EXCEPTION_HANDLERS, **FAILURE_HANDLERS}
    app = Starlette(routes=routes(), exception_handlers=handlers, lifespan=lifespan)
    app.state.documents = Documents(ROUTES, OPEN_ROUTES)
    # An address is right or it is a 404 in the one shape: no redirect to wherever the `Host` header points.
    app.router.redirect_slashes = False
    return app
