"""What would be live instead: another revision, or the live rules with those of files in their places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cli.client import Client
from cli.output import Output
from cli.plan import live_rules
from cli.problems import plain, problems_of, script_at, show_problem
from cli.refusal import Refused
from sandbox.wire import Problem


class Candidate(msgspec.Struct, frozen=True):
    """`body` is what the service is asked with; of live rules that files replace, `replaced` are the names, and `added`
    those of rules that no live one has."""

    body: dict[str, Any]
    replaced: list[str] = []
    added: list[str] = []

    def words(self) -> str:
        if "revision" in self.body:
            return f"under revision {self.body['revision']}"
        found = [f"{name} replaced" for name in self.replaced] + [f"{name} added" for name in self.added]
        return f"under the live rules with {', '.join(found)}"


class NotValid(msgspec.Struct, frozen=True):
    """The errors of the files, which the service would refuse."""

    problems: list[tuple[Path, Problem]]

    def show(self, output: Output, as_json: bool) -> None:
        if as_json:
            output.json({"problems": [plain(path, problem) for path, problem in self.problems]})
        for path, problem in () if as_json else self.problems:
            show_problem(output, path, problem)


def candidate(client: Client, files: Sequence[Path], revision: int | None) -> Candidate | NotValid | None:
    """None where neither is given. A file replaces the live rule of its name, switched on; without one it is added
    behind the others. Raises `Refused`, `BadFile`."""
    if revision is not None:
        return Candidate({"revision": revision})
    if not files:
        return None
    scripts = {path: script_at(path) for path in files}
    by_name = {path.stem: path for path in files}
    if len(by_name) < len(files):
        raise Refused("two of the files have the same name: a rule can be given once")
    checked = problems_of(list(scripts.values()), client, lambda: None)
    errors = [
        (path, problem)
        for path, problems in zip(scripts, checked, strict=True)
        for problem in problems
        if problem.severity == "error"
    ]
    if errors:
        return NotValid(errors)
    service = live_rules(client)
    live = service.only_rules
    rules = [
        {
            "name": name,
            "script": scripts[by_name[name]].text if name in by_name else rule.script,
            "on_failure": rule.on_failure,
            "conditions": rule.conditions,
        }
        for name, rule in live.items()
        if rule.enabled or name in by_name
    ]
    added = [name for name in by_name if name not in live]
    rules += [{"name": name, "script": scripts[by_name[name]].text} for name in added]
    body: dict[str, Any] = {"rules": rules}
    if beside := {name: text for script in scripts.values() for name, text in (script.modules or {}).items()}:
        body["modules"] = {**service.modules, **beside}
    return Candidate(body, [name for name in by_name if name in live], added)
