"""`claimsmith step`: a recorded execution line by line, forwards and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_URL, AsJson, Token, Url
from cli.why import Execution, OfClient, User

if TYPE_CHECKING:
    from cli.output import Output
    from cli.walk import Walk


def step(
    execution: Execution,
    plain: Annotated[bool, typer.Option("--plain", help="Print every line once instead of walking.")] = False,
    user: User = None,
    client: OfClient = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Walk a recorded execution line by line, with the variables."""
    import sys
    from typing import Any

    from cli.client import Client
    from cli.executions import path_of
    from cli.output import Output
    from cli.walk import Walk

    with Client(url, token, "executions:read replay") as service:
        path = path_of(service, execution, user=user, client=client)
        found = service.get(f"{path}/timeline", dict[str, Any])
        record = service.get(path, dict[str, Any])
    output = Output()
    if as_json:
        output.json(found)
        return
    walk = Walk(found, record)
    if plain or not walk.lines or not (sys.stdin.isatty() and sys.stdout.isatty()):
        _all(output, walk)
    else:
        _walk(output, walk)


def _all(output: Output, walk: Walk) -> None:
    from cli.output import BAD, QUIET

    if not walk.lines:
        output.line("no line of a rule ran")
    for place in range(len(walk.lines)):
        one = walk.lines[place]
        output.line((f"{walk.where(place):<30} ", QUIET), "  " * one["depth"], (one["source"] or "").strip())
        for word, style in walk.told(place):
            output.line(" " * 32, (word, BAD if style == "raised" else QUIET))
    if walk.truncated:
        output.line(("the rest is not shown: there are too many lines", BAD))


KEYS = {
    "n": "next", "\r": "next", "\x1b[C": "next", "\x1b[B": "next", " ": "next",
    "p": "back", "\x1b[D": "back", "\x1b[A": "back",
    "N": "next_rule", "P": "last_rule", "b": "begin", "e": "end", "w": "who", "?": "help",
    "q": "quit", "\x04": "quit", "\x03": "quit",
}  # fmt: skip
HELP = "n next   p back   N next rule   P rule before   b begin   e end   w who changed a name last   q quit"


def _walk(output: Output, walk: Walk) -> None:
    from cli.keys import keys

    place, note = 0, HELP
    with keys() as typed:
        while True:
            _screen(output, walk, place, note)
            act = KEYS.get(typed.read(), "")
            note = HELP if act == "help" else ""
            if act == "quit":
                return
            if act == "who":
                name = typed.ask("name or path: ")
                found = walk.who(place, name)
                note = f"`{name}` was not changed before" if found is None else f"`{name}` was changed here"
                place = place if found is None else found
            else:
                place = walk.move(place, act)


def _screen(output: Output, walk: Walk, place: int, note: str) -> None:
    from cli.output import BAD, CHANGED, GOOD, QUIET

    output.clear()
    one = walk.lines[place]
    output.line((f"line {place + 1} of {len(walk.lines)}", QUIET), f"  {walk.where(place)}", f"  {one['function']}")
    output.line()
    for number, text in walk.around(place):
        here = number == one["line"]
        output.line((f"{'>' if here else ' '} {number:>4}  ", GOOD if here else QUIET), (text, "bold" if here else ""))
    output.line()
    for word, style in walk.told(place):
        output.line("  ", (word, {"raised": BAD, "changed": CHANGED}.get(style, "")))
    variables = walk.variables(place)
    if variables:
        output.line()
        output.line(("variables", QUIET))
        for name, text in variables.items():
            output.line(f"  {name} = {text}")
    output.line()
    output.line((note or "? help", QUIET))
