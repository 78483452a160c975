"""The options that several commands take, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8100"

Url = Annotated[str, typer.Option(envvar="CLAIMSMITH_URL", help="Address of the service.")]
UrlInstead = Annotated[
    str | None, typer.Option("--url", help="Address of a service to run on, instead of the sandbox of this machine.")
]
Token = Annotated[
    str | None, typer.Option(envvar="CLAIMSMITH_TOKEN", help="Token to present to the service.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Folder = Annotated[Path, typer.Argument(help="Folder of rules: `rules.json` and `NAME.py` files.", show_default=False)]
