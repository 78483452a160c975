"""`claimsmith issuers`: which issuers' hooks are spoken here, and what each can carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.options import AsJson

if TYPE_CHECKING:
    from api.issuers.issuer import Issuer


def issuers(as_json: AsJson = False) -> None:
    """Show the issuers whose hooks are spoken here, and what each can carry."""
    import msgspec

    from api.issuers.table import ISSUERS
    from cli.output import Output

    output = Output()
    if as_json:
        output.json([_plain(issuer) | {"can": msgspec.to_builtins(issuer.capability)} for issuer in ISSUERS.values()])
        return
    columns = ("issuer", "tokens", "values", "changes", "also", "denies by", "fails", "waits", "known by")
    output.table(columns, [_row(issuer) for issuer in ISSUERS.values()])


def _plain(issuer: Issuer) -> dict[str, object]:
    members = ("name", "title", "secrets", "wait", "fails", "denies")
    return {name: getattr(issuer, name) for name in members}


def _row(issuer: Issuer) -> tuple[str, ...]:
    """Reserved names are many: those are in `--json`, and on the issuer's page."""
    able = issuer.capability
    tokens = " ".join({"idToken": "ID", "accessToken": "access"}[token] for token in able.tokens) or "none"
    changes = [name for name, able_to in (("overwrites", able.overwrite), ("removes", able.remove)) if able_to]
    also = [
        name
        for name, able_to in (("scope", able.scope), ("lifetime", able.lifetime), ("metadata", able.updates))
        if able_to
    ]
    return (
        issuer.name,
        tokens,
        values_of(issuer),
        " ".join(changes) or "only adds" if able.tokens else "-",
        " ".join(also) or "-",
        issuer.denies.replace("`", ""),
        issuer.fails,
        f"{issuer.wait:g} s",
        " ".join(issuer.secrets),
    )


def values_of(issuer: Issuer) -> str:
    """The kinds of values that it takes, in words."""
    from engine.capability import EVERY_KIND

    able = issuer.capability
    if not able.tokens:
        return "-"
    missing = [kind for kind in EVERY_KIND if kind not in able.values]
    if not missing:
        return "any JSON"
    if len(missing) <= 2:
        return f"any but {' '.join(missing)}"
    return " ".join(able.values)
