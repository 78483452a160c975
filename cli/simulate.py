"""`claimsmith simulate`: a realistic call of an issuer's hook, and both sides of it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli.options import DEFAULT_URL, AsJson, Token, Url
from cli.refusal import Refused

if TYPE_CHECKING:
    from api.issuers.issuer import Issuer
    from cli.client import Client
    from cli.output import Output
    from cli.passing import Pass
    from cli.simulation import Exchange, Patience

SCOPES = "admin"
MILLISECONDS = 1000


def simulate(
    issuer: Annotated[str, typer.Argument(help="The issuer, as `claimsmith issuers` names it.", show_default=False)],
    call: Annotated[
        str | None, typer.Option(help="Which of its calls; by default the first one.", show_default=False)
    ] = None,
    body: Annotated[
        Path | None, typer.Option(help="A file with the call instead, as the issuer sends it.", show_default=False)
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(help="In what the call comes: `jwt` or `jwe`, of Zitadel. By default JSON.", show_default=False),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose hook is called.")] = "default",
    secret: Annotated[
        Path | None,
        typer.Option(
            help="A file (or `-`) with a secret that is set, as it was sent to the API. By default one is set for this "
            "call alone.",
            show_default=False,
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Call the hook of a running service as an issuer does, and show both sides."""
    import msgspec

    from cli.client import Client
    from cli.output import Output
    from cli.passing import given, temporary
    from cli.simulation import patience

    row, text = _issuer(issuer), _call(issuer, call, body)
    kind = _kind(row, payload)
    address = f"{url.rstrip('/')}/v1/hooks/{row.name}/{quote(tenant, safe='')}"
    output = Output()
    if secret is not None and payload is not None:
        raise Refused("give one of --secret and --payload: what a secret that is set asks for is signed by the issuer")
    if secret is not None and not token:
        exchange, record, waits = _sent(address, row, text, given(secret), None), None, None
    else:
        with Client(url, token, SCOPES, tenant) as client:
            waits = patience(client, row)
            own = temporary(client, row, kind, text, address) if secret is None else nullcontext(given(secret))
            with own as passing:
                exchange = _sent(address, row, text, passing, waits)
            record = _record(client, exchange)
    if as_json:
        told = {"within": waits and waits.within, "deadline_ms": waits and waits.deadline_ms}
        output.json({**msgspec.structs.asdict(exchange), **told, "record": record})
    else:
        _show(output, row, exchange, waits, record)


def _issuer(name: str) -> Issuer:
    from api.issuers.table import ISSUERS

    if name not in ISSUERS:
        raise Refused(f"`{name}` is none of the issuers: {', '.join(ISSUERS)}")
    return ISSUERS[name]


def _kind(issuer: Issuer, payload: str | None) -> str:
    """The kind of secret for it."""
    if payload is None:
        return issuer.secrets[0]
    kind = f"{payload}_payload"
    if kind not in issuer.secrets:
        known = [name.removesuffix("_payload") for name in issuer.secrets if name.endswith("_payload")]
        raise Refused(f"--payload: {issuer.title} sends {' or '.join(known) if known else 'JSON alone'}")
    return kind


def _call(issuer: str, name: str | None, path: Path | None) -> bytes:
    import msgspec

    from cli.simulation import calls_of

    if path is not None:
        if name is not None:
            raise Refused("give one of --call and --body")
        try:
            text = path.read_bytes()
            msgspec.json.decode(text)
        except OSError as exc:
            raise Refused(f"{path}: {(exc.strerror or type(exc).__name__).lower()}") from None
        except msgspec.DecodeError as exc:
            raise Refused(f"{path}: no JSON, {str(exc)[:1].lower()}{str(exc)[1:]}") from None
        return text
    calls = calls_of(_issuer(issuer))
    if name is not None and name not in calls:
        raise Refused(f"--call: `{name}` is none of {issuer}'s: {', '.join(calls)}")
    return msgspec.json.encode(calls[name or next(iter(calls))])


def _sent(address: str, issuer: Issuer, text: bytes, passing: Pass, waits: Patience | None) -> Exchange:
    from cli.simulation import send

    return send(address, issuer, *passing.sent(issuer, text), waits.within if waits else None)


def _record(client: Client, exchange: Exchange) -> dict[str, Any] | None:
    if exchange.execution is None:
        return None
    return client.get(f"/v1/executions/{exchange.execution}", dict[str, Any])


def _show(
    output: Output, issuer: Issuer, exchange: Exchange, waits: Patience | None, record: dict[str, Any] | None
) -> None:
    from cli.output import BAD, CHANGED, GOOD, QUIET

    output.line((f"{issuer.title} sends", QUIET))
    output.line(f"POST {exchange.url}")
    for name, value in exchange.headers.items():
        output.line((f"{name}: {value}", QUIET))
    _json(output, exchange.request)
    output.line()
    output.line(("Claimsmith decides", QUIET))
    if exchange.execution is None:
        output.line(("nothing: no rule was asked", BAD))
    elif record is None:
        output.line((f"execution {exchange.execution}: give a token to see it", QUIET))
    else:
        style = GOOD if record["decision"] == "allow" else BAD
        output.line((record["decision"], style), f"  revision {record['revision']}  {record['ms']:g} ms")
        for step in record["steps"]:
            output.line(f"  {step['rule']}  {step['outcome']}")
        for warning in record["warnings"]:
            place = f" (rule {warning['rule']}, line {warning['line']})" if warning.get("rule") else ""
            output.line((f"  {warning['code']}: {warning['message']}{place}", CHANGED))
        output.line((f"  execution {exchange.execution}", QUIET))
    output.line()
    output.line((f"and answers {exchange.status}, after {exchange.ms:g} ms of {_patience(issuer, waits)}", QUIET))
    if exchange.answer is None:
        output.line("(no body)")
    else:
        _json(output, exchange.answer)


def _patience(issuer: Issuer, waits: Patience | None) -> str:
    """How long the answer may take, and who says so."""
    usual = f"{issuer.wait:g} s, as {issuer.title} waits"
    if waits is None or waits.within is None:
        return f"{usual} where the tenant's settings do not say another"
    if waits.deadline_ms is None:
        return usual
    if waits.within != waits.deadline_ms / MILLISECONDS:
        return f"{usual}: it fails open, so the tenant's `deadline_ms` of {waits.deadline_ms} does not hold"
    return f"{waits.within:g} s, the tenant's `deadline_ms` (else {issuer.wait:g} s)"


def _json(output: Output, value: Any) -> None:
    import json

    for line in json.dumps(value, indent=2, ensure_ascii=False).splitlines():
        output.line(line)
