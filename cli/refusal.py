"""What ends a command: one clear line on standard error and exit code 2, in one place for all commands."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup


class Refused(Exception):
    """Why a command could not do its work, in one line that says what to do."""


class Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as exc:
            # Imported when needed only: a bad file is not known before something has read one.
            from engine.files import BadFile

            if not isinstance(exc, Refused | BadFile):
                raise
            from cli.output import visible

            typer.echo(f"claimsmith: {visible(str(exc))}", err=True)
            raise typer.Exit(2) from None
