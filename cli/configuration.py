"""`claimsmith configuration`: the operator's values for rules. A value is read from standard input or asked for, and is
never an argument: those stand in the shell's history, and in every list of processes."""

from __future__ import annotations

import getpass
import re
import sys
from typing import Annotated
from urllib.parse import quote

import typer

from cli.options import DEFAULT_URL, AsJson, Token, Url
from cli.refusal import Refused

SCOPES = "configuration:write"
LOOK = "claimsmith configuration list"

configuration = typer.Typer(no_args_is_help=True, help="The values that rules read by `configuration.NAME`.")

Name = Annotated[str, typer.Argument(help="The value's name, as rules read it.", show_default=False)]


@configuration.command("list")
def list_(url: Url = DEFAULT_URL, token: Token = None, as_json: AsJson = False) -> None:
    """Show the names of the values, when each was set and by whom. Nobody can read a value back."""
    import msgspec

    from cli.client import Client
    from cli.output import Output
    from cli.values import Values

    output = Output()
    with Client(url, token, SCOPES) as service:
        found = service.get("/v1/configuration", Values)
    if as_json:
        output.json(msgspec.to_builtins(found))
    elif found.values:
        rows = [(value.key, f"{value.set_at:%Y-%m-%d %H:%M:%S}Z", value.set_by) for value in found.values]
        output.table(("name", "set", "by"), rows)
    else:
        output.line("no values are set")


@configuration.command("set")
def set_(name: Name, url: Url = DEFAULT_URL, token: Token = None, as_json: AsJson = False) -> None:
    """Set a value, live at once. It is read from standard input, or asked for; the end of its last line is no part of
    it."""
    from cli.client import Client
    from cli.output import Output
    from cli.values import Changed

    path = _path(name)
    output = Output()
    with Client(url, token, SCOPES) as service:
        made = service.change("PUT", path, {"value": _value(name)}, Changed, look=LOOK)
    if as_json:
        output.json({"key": name, "number": made.number})
    else:
        output.line(f"{name} is set: configuration {made.number} is live")


@configuration.command("delete")
def delete(name: Name, url: Url = DEFAULT_URL, token: Token = None, as_json: AsJson = False) -> None:
    """Delete a value: a rule that reads it fails from now on."""
    from cli.client import Client
    from cli.output import Output

    path = _path(name)
    output = Output()
    with Client(url, token, SCOPES) as service:
        service.delete(path, look=LOOK)
    if as_json:
        output.json({"key": name, "deleted": True})
    else:
        output.line(f"{name} is deleted")


def _path(name: str) -> str:
    from engine.models import CONFIGURATION_KEY

    if not re.match(CONFIGURATION_KEY, name):
        raise Refused(f"`{name[:40]}` is not a name: it has 1 to 127 letters, digits, `_`, `-`, `@`, `*`, `+`, `:`")
    return f"/v1/configuration/{quote(name, safe='')}"


def _value(name: str) -> str:
    from sandbox.limits import DEFAULT

    if sys.stdin.isatty():
        try:
            text = getpass.getpass(f"Value of {name}: ")
        except EOFError:
            text = ""
    else:
        most = DEFAULT.configuration_value
        read = sys.stdin.buffer.read(most + 3)  # the end of a line is not counted
        try:
            text = re.sub(r"\r?\n\Z", "", read.decode())
        except UnicodeDecodeError:
            raise Refused("standard input: it is not UTF-8 text") from None
        if len(text.encode()) > most:
            raise Refused(f"standard input: the value has more than {most} bytes")
    if not text:
        raise Refused("the value is empty: nothing was set")
    return text
