"""The command `claimsmith`. Every command imports what it needs when it runs, so that `--help` is instant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.audit import audit
from cli.check import check
from cli.configuration import configuration
from cli.diff import diff
from cli.export import export
from cli.import_ import import_
from cli.issuers import issuers
from cli.new import new
from cli.pull import pull
from cli.push import push
from cli.refusal import Commands
from cli.replay import replay
from cli.simulate import simulate
from cli.step import step
from cli.tail import tail
from cli.test import test
from cli.try_ import try_
from cli.why import why

# A traceback with local variables would print secrets.
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)

Data = Annotated[Path | None, typer.Option(help="Data folder.", show_default="CLAIMSMITH_DATA, else ./data")]


def main() -> None:
    app()


@app.callback()
def claimsmith() -> None:
    """A self-hosted rule engine for ID tokens."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data: Data = None,
    processes: Annotated[
        int | None, typer.Option(help="Processes that serve together.", show_default="CLAIMSMITH_PROCESSES, else 1")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Folder of rules for an empty store.")] = None,
    welcome: Annotated[bool, typer.Option("--welcome", help="Print how to make the first call.")] = False,
) -> None:
    """Run the service. Its settings are environment variables; these options come first."""
    from api.settings import BadSetting, Settings
    from engine.keys import BadSecret

    with _one_clear_line(BadSetting, BadSecret):
        settings = Settings.from_environ(os.environ, host=host, port=port, data=data, processes=processes)

    from api.processes import NotReady
    from api.serve import NotStarted
    from api.serve import serve as run

    try:
        with _one_clear_line(BadSetting, BadSecret, NotStarted):
            run(settings, rules, welcome)
    except NotReady as failed:
        raise typer.Exit(failed.status) from None


@app.command()
def token(
    scope: Annotated[str, typer.Option(help='What it allows, such as "execute rules:read".')],
    tenant: Annotated[str, typer.Option(help="Whose rules it is about.")] = "default",
    subject: Annotated[str, typer.Option(help="Who it is for, as records show it.")] = "cli",
    expires: Annotated[str, typer.Option(help="How long it is valid: 30s, 15m, 1h, 7d.")] = "1h",
    data: Data = None,
) -> None:
    """Print a signed token for this service, and nothing else."""
    from api.callers import NotIssuable
    from api.settings import BadSetting
    from cli.token import BadDuration, make_token
    from engine.keys import BadSecret

    with _one_clear_line(BadSetting, BadSecret, NotIssuable, BadDuration):
        typer.echo(make_token(scope, tenant, subject, expires, data))


@app.command()
def migrate(
    only: Annotated[
        bool, typer.Option("--check", help="Only say whether there is something to do: then exit code 1.")
    ] = False,
    data: Data = None,
) -> None:
    """Bring the database to the tables of this version. `serve` does so, too; this does it before."""
    from api.settings import BadSetting
    from cli.migrate import migrated
    from engine.store.errors import StoreError

    with _one_clear_line(BadSetting, StoreError):
        line, due = migrated(data, only)
    typer.echo(line)
    if only and due:
        raise typer.Exit(1)


app.command()(check)
app.command()(test)
app.command("try")(try_)
app.command()(new)
app.command()(diff)
app.command()(push)
app.command()(pull)
app.command()(why)
app.command()(replay)
app.command()(step)
app.command()(tail)
app.command()(audit)
app.command()(export)
app.command("import")(import_)
app.command()(issuers)
app.command()(simulate)
app.add_typer(configuration, name="configuration")


@contextmanager
def _one_clear_line(*refusals: type[Exception]) -> Iterator[None]:
    try:
        yield
    except refusals as exc:
        typer.echo(f"claimsmith: {exc}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    main()
