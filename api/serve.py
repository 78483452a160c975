"""Runs the service until it is told to stop, in one process or in several."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvicorn
from rich.console import Console
from starlette.applications import Starlette

from api.app import create_app
from api.callers import issue_token
from api.logs import set_up
from api.process import Process
from api.processes import Processes, supervise
from api.protocol import HEADERS, Protocol
from api.service import DEFAULT_TENANT, Service
from api.settings import BadSetting, Settings
from engine.files import BadFile
from engine.folder import MODULES, FolderRule, read_folder, read_modules
from engine.library import Sources
from engine.store.errors import Conflict, StoreError
from engine.store.pipeline import WantedRule
from engine.validity import InvalidScripts, TooManyModules
from sandbox import confinement
from sandbox.process import SandboxUnavailable, Unconfined

log = structlog.get_logger("claimsmith.serve")

GRACE = 10  # seconds for logins in flight when the service is told to stop
TURNS = 4  # of the event loop, in which it takes a connection that waits and reads what is there
WELCOME_TOKEN = 12 * 3600


class NotStarted(Exception):
    """Why the service did not start, in one line."""


@dataclass(frozen=True)
class Listening:
    """Where a process accepts calls, which of several it is, and whom it tells that it serves."""

    sockets: list[socket.socket]
    process: Process | None = None
    served: Callable[[], None] = lambda: None


def serve(settings: Settings, rules: Path | None, welcome: bool) -> None:
    """Serve until SIGINT or SIGTERM: logins in flight are answered, then every process that was started ends.

    Raises `BadSetting`, `BadSecret` or `NotStarted` for what keeps it from starting; of one of several processes, it
    has said so itself (`NotReady`).
    """
    if settings.processes == 1:
        run(settings, rules, welcome, Listening([_listen(settings)]))
        return
    set_up(settings)
    confinement.not_dumpable()
    with _listen(settings) as listener:
        asyncio.run(supervise(Processes(settings, settings.processes, listener, rules, welcome)))
    log.info("stopped")


def run(settings: Settings, rules: Path | None, welcome: bool, listening: Listening) -> None:
    """One process. Raises as `serve` does."""
    set_up(settings)
    # Secrets are in this process's memory: no other process of the same user may look.
    confinement.not_dumpable()
    folder = None if rules is None else read(rules)
    process = listening.process
    failures: list[BaseException] = []

    async def on_start(service: Service) -> None:
        if folder is not None:
            await load(service, folder)
        address = f"{settings.scheme}://{settings.host}:{listening.sockets[0].getsockname()[1]}"
        hello = service.pool.hello
        log.info(
            "serving" if process is None else "process serves",
            **({} if process is None else {"process": process.number}),
            address=address,
            data=str(settings.data),
            redis=service.redis_note,
            database="postgresql" if settings.database_url else "sqlite",
            confinement=hello.layers if hello else {},
        )
        for layer, reason in service.unconfined().items():
            log.warning("rules run unconfined by a layer", layer=layer, reason=reason)
        if welcome:
            print_welcome(service, address)
        listening.served()

    app = create_app(settings, on_start, failures.append, process)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Protocol,
        **_tls(settings),
        headers=HEADERS,
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config, app)

    def stop(number: int, frame: object) -> None:
        server.should_exit = True

    # uvicorn has its own handlers while it serves; when it has shut down it raises the signal again, for these.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner, contextlib.suppress(SystemExit):
            runner.run(server.serve(sockets=listening.sockets))  # uvicorn exits when the start fails
    finally:
        for one in listening.sockets:
            one.close()
    if failures:
        raise _reason(failures[0])
    log.info("stopped")


class Server(uvicorn.Server):
    """Tells the service when it is to stop: uvicorn waits for its answers, and some go on until somebody ends them. It
    closes a connection that is idle, so what has come on one is read before."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if (service := getattr(self._app.state, "service", None)) is not None:
            service.stopping.set()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await super().shutdown(sockets)


def _tls(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told of it. Raises `BadSetting` for a certificate that cannot be used."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return {}
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")  # none is asked for
    except (OSError, ValueError) as error:
        raise BadSetting("CLAIMSMITH_TLS_CERTIFICATE", f"cannot be used with its key: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return {"ssl_context_factory": lambda *_: context}


def _reason(failure: BaseException) -> BaseException:
    if isinstance(failure, OSError):
        return NotStarted(f"`{failure.filename}`: {failure.strerror}" if failure.filename else str(failure))
    if isinstance(failure, Unconfined):
        names = ",".join(failure.missing)
        return NotStarted(f"{failure}: to run without, set CLAIMSMITH_RUN_UNCONFINED_BY={names}")
    if isinstance(failure, StoreError | SandboxUnavailable):
        return NotStarted(str(failure))
    return failure


def _listen(settings: Settings) -> socket.socket:
    try:
        return socket.create_server(
            (settings.host, settings.port), family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        )
    except OSError as error:
        raise BadSetting(
            "CLAIMSMITH_PORT", f"cannot listen on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}"
        ) from None


class Folder(msgspec.Struct, frozen=True):
    """What `--rules` names: the rules of a folder, and the modules that they share."""

    path: Path
    rules: Sequence[FolderRule]
    modules: Sources


def read(path: Path) -> Folder:
    """Raises `BadSetting` for a folder that cannot be read."""
    try:
        return Folder(path, read_folder(path), read_modules(path))
    except BadFile as error:
        raise BadSetting("--rules", str(error)) from None


async def load(service: Service, folder: Folder) -> None:
    """Put a folder's rules and modules into the default tenant, with one revision, if it has neither yet. Raises
    `BadSetting` for what could not be live."""
    live = await service.store.live_revision(DEFAULT_TENANT)
    if live.modules or await service.store.rules(DEFAULT_TENANT):
        return
    wanted = [
        WantedRule(
            name=rule.name,
            script=rule.script,
            order=rule.order,
            enabled=rule.enabled,
            on_failure=rule.on_failure,
            conditions=rule.conditions,
        )
        for rule in folder.rules
    ]
    try:
        await service.authoring.put_rules(
            DEFAULT_TENANT, wanted, folder.modules, expected=live.number, prune=False, by="--rules"
        )
    except InvalidScripts as error:
        raise BadSetting("--rules", _first_problem(folder, error)) from None
    except TooManyModules as error:
        raise BadSetting("--rules", f"{folder.path / MODULES}: {error}") from None
    except Conflict:  # another replica, which has started with the same store, was first
        log.info("rules not loaded: something else went live meanwhile", folder=str(folder.path))
        return
    log.info("rules loaded", folder=str(folder.path), count=len(wanted), modules=len(folder.modules))


def _first_problem(folder: Folder, error: InvalidScripts) -> str:
    """As `file:line:column: code message`. That an imported module is refused says less than why it is."""
    found = [
        (folder.path / MODULES / name if kind == "module" else folder.path / name, problem)
        for (kind, name), problems in error.problems.items()
        for problem in problems
        if problem.severity == "error"
    ]
    place, first = min(found, key=lambda one: one[1].code == "module_refused")
    return f"{place}.py:{first.line}:{first.column}: {first.code} {first.message}"


def print_welcome(service: Service, address: str) -> None:
    """How to make the first call, ready to paste."""
    token = issue_token(service.keys, scope="admin", tenant=DEFAULT_TENANT, subject="welcome", expires_in=WELCOME_TOKEN)
    user = {"user_id": "auth0|1", "app_metadata": {"authorization": {"permissions": ["read:reports"]}}}
    body = json.dumps({"user": user, "context": {"clientID": "demo", "protocol": "oauth2-password"}})
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]Claimsmith[/bold] is at {address}", markup=True)
    console.print("An administrator's token, valid for 12 hours:\n")
    sys.stdout.write(f"export CLAIMSMITH_TOKEN={token}\n\n")
    console.print(f"With it you sign in at the console: {address}/console/\n")
    console.print("Decide on a login:\n")
    sys.stdout.write(
        f'curl -s {address}/v1/execute -H "Authorization: Bearer $CLAIMSMITH_TOKEN" '
        f"-H 'Content-Type: application/json' -d '{body}'\n\n"
    )
    console.print("Ctrl-C stops it.\n")
    sys.stdout.flush()
