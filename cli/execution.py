"""An execution as a person reads it: what was decided, which rule and line set each claim, what was said on the way.

Works on a record as `GET /v1/executions/{id}` and `POST /v1/try` show it.
"""

from __future__ import annotations

from typing import Any

from cli.output import BAD, CHANGED, GOOD, QUIET, Output, compact

TOKENS = ("idToken", "accessToken")
DECISIONS = {"allow": GOOD, "deny": BAD, "redirect": CHANGED, "step_up": CHANGED}


def show_execution(output: Output, record: dict[str, Any]) -> None:
    decision = record["decision"]
    output.line("decision  ", (decision, DECISIONS.get(decision, BAD)), f"  revision {record['revision']}")
    if denial := record["denial"]:
        rule = f" (rule {denial['rule']})" if denial["rule"] else ""
        output.line(f"denial    {denial['error']}: {denial['description']}{rule}")
    for name in ("redirect", "multifactor", "scope"):
        if record[name]:
            output.line(f"{name:<9} {compact(record[name])}")
    for store, patch in record["updates"].items():
        if patch is not None:
            output.line(f"update    {store} {compact(patch)}")
    rows = [
        (token, name, compact(value), *_origin_words(record, token, name))
        for token in TOKENS
        for name, value in (record[token] or {}).items()
    ]
    if rows:
        output.line()
        output.table(("token", "claim", "value", "rule", "line"), rows)
    show_steps(output, record)
    if record["warnings"]:
        output.line()
        for notice in record["warnings"]:
            place = _place(notice["rule"], notice["line"])
            output.line("warning   ", (notice["code"], CHANGED), f"{place}: {notice['message']}")


def show_steps(output: Output, record: dict[str, Any]) -> None:
    """What each rule did, its log lines, and why it failed."""
    if not record["steps"]:
        return
    output.line()
    for step in record["steps"]:
        style = GOOD if step["outcome"] == "passed" else BAD
        version = f" version {step['version']}" if step["version"] else ""
        output.line(f"{step['rule']}{version}  ", (step["outcome"], style), (f"  {step['ms']:.1f} ms", QUIET))
        for line in step["logs"]:
            output.line(f"  line {line['line']}: {line['text']}")
        if error := step["error"]:
            output.line(f"  {error['code']}{_place(None, error['line'])}: ", (error["message"], BAD))


def origin(record: dict[str, Any], token: str, claim: str) -> tuple[str, int] | None:
    """The rule and line that wrote the claim last; None where it is as the issuer sent it."""
    found = None
    for step in record["steps"]:
        for write in step["writes"]:
            names = [name.replace("~1", "/").replace("~0", "~") for name in write["path"].split("/")[1:]]
            if not write["rolled_back"] and names[:2] == ["context", token] and names[2:3] in ([], [claim]):
                found = step["rule"], write["line"]
    return found


def change_words(op: str, old: Any, new: Any) -> str:
    """A write, as `old -> new`; `(none)` where there was nothing, or is nothing any more."""
    before = "(none)" if op == "add" else compact(old)
    after = "(none)" if op == "remove" else compact(new)
    return f"{before} -> {after}"


def _origin_words(record: dict[str, Any], token: str, claim: str) -> tuple[str, str]:
    found = origin(record, token, claim)
    return ("(from the issuer)", "") if found is None else (found[0], str(found[1]))


def _place(rule: str | None, line: int | None) -> str:
    words = ([f"rule {rule}"] if rule else []) + ([f"line {line}"] if line else [])
    return f" ({', '.join(words)})" if words else ""
