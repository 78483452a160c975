"""The options that several commands take, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

DEFAULT_URL = "http://127.0.0.1:8100"

Url = Annotated[str, typer.Option(envvar="CLAIMSMITH_URL", help="Address of the service.")]
UrlInstead = Annotated[
    str | None, typer.Option("--url", help="Address of a service to run on, instead of the sandbox of this machine.")
]
Token = Annotated[
    str | None, typer.Option(envvar="CLAIMSMITH_TOKEN", help="Token to present to the service.", show_default=False)
]
Tenant = Annotated[str | None, typer.Option(help="Whose, where it is not the token's own tenant.", show_default=False)]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        help="Its first line is the passphrase; without it that is asked for, or read from standard input.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Folder = Annotated[Path, typer.Argument(help="Folder of rules: `rules.json` and `NAME.py` files.", show_default=False)]

Execution = Annotated[str, typer.Argument(help="An execution's id, or `last` for the newest.", show_default=False)]
ByDecision = Annotated[
    Literal["allow", "deny", "redirect", "step_up"] | None,
    typer.Option("--decision", help="Only those with this decision.", show_default=False),
]
ByOutcome = Annotated[
    Literal["failed", "denied", "raised", "timed_out", "exhausted", "refused"] | None,
    typer.Option("--outcome", help="Only those in which a rule has ended so.", show_default=False),
]
ByClient = Annotated[str | None, typer.Option("--client", help="Only those of this clientID.", show_default=False)]
ByUser = Annotated[str | None, typer.Option("--user", help="Only those of this user_id.", show_default=False)]
ByClaim = Annotated[
    str | None, typer.Option("--claim", help="Only those whose tokens carry this claim.", show_default=False)
]
