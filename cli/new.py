"""`claimsmith new`: a rule with its cases, to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SCRIPT = '''\
"""The user's department as a claim

Reads `user.department`, which may be missing: then there is no claim.
"""

CLAIM = "https://example.com/department"


def rule(user, context):
    department = user.get("department")
    if department is None:
        print("the user has no department")
        return
    context.idToken[CLAIM] = department
'''

CASES = """\
{
  "cases": [
    {
      "name": "the department becomes a claim",
      "user": {"user_id": "u1", "department": "sales"},
      "context": {"clientID": "c1"},
      "expect": {
        "decision": "allow",
        "idToken": {"https://example.com/department": "sales"}
      }
    },
    {
      "name": "without a department there is no claim",
      "user": {"user_id": "u1"},
      "context": {"clientID": "c1"},
      "expect": {
        "decision": "allow",
        "idToken": {},
        "logs": ["the user has no department"]
      }
    }
  ]
}
"""


def new(
    name: Annotated[str, typer.Argument(help="The rule's name.", show_default=False)],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path(),
) -> None:
    """Write a rule and its cases, to change into what you need."""
    import re

    from cli.output import Output
    from cli.refusal import Refused
    from cli.scripts import CASES as CASES_SUFFIX
    from cli.seen import write_file
    from engine.folder import LISTING
    from engine.models import RULE_NAME

    if not re.fullmatch(RULE_NAME, name) or len(name) > 128:
        raise Refused(f"`{name}` is no name for a rule: letters and digits, and between them spaces, `.`, `_` and `-`")
    if not folder.is_dir():
        raise Refused(f"{folder}: no such folder")
    written = {folder / f"{name}.py": SCRIPT, folder / f"{name}{CASES_SUFFIX}": CASES}
    for path in written:
        if path.exists() or path.is_symlink():
            raise Refused(f"{path} is there already: choose another name")
    for path, text in written.items():
        write_file(path, text)
    output = Output()
    output.line(f"{' and '.join(str(path) for path in written)}: try them with `claimsmith test {folder / name}.py`")
    if (folder / LISTING).is_file():
        output.line(f'to push it, list it in {folder / LISTING}: {{"file": "{name}.py", "order": 1000}}')
