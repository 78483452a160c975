"""Microsoft Entra ID: the custom claims provider at the start of a token's issuance (entra-docs, identity-platform,
custom-claims-provider-reference).

Claims are texts or lists of texts, 3 KB in all, and reach a token only where the claims mapping policy of an
application names them; the client's feeds the ID token, the resource's the access token, from the same claims. There
is no way to deny but an error, of which the person sees nothing.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from api.issuers.issuer import JSON, Asked, Issuer, Refusal, Reply, context_of, present
from engine.capability import TOKENS, Capability
from engine.execution import Execution
from engine.models import HookSettings

ANSWER = "microsoft.graph.onTokenIssuanceStartResponseData"
ACTION = "microsoft.graph.tokenIssuanceStart.provideClaimsForToken"
CAPABILITY = Capability(
    issuer="entra",
    values=("string", "strings"),
    as_text=("integer", "number", "boolean"),
    reserved=dict.fromkeys(TOKENS, ("",)),  # a claim without a name is an error there
    remove=False,
    one_bag=True,
    limit=3 * 1024,
)
PROTOCOLS = {"OAUTH2.0": "oidc-basic-profile", "SAML": "samlp"}
STATUS = {"denied": 403, "failed": 500, "unavailable": 503, "invalid": 400, "unauthenticated": 401}
ERROR = {"failed": "server_error", "unavailable": "temporarily_unavailable", "invalid": "invalid_request"}
ERROR |= {"unauthenticated": "unauthorized"}


class User(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    display_name: str | None = None
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None
    preferred_language: str | None = None
    company_name: str | None = None
    user_type: str | None = None
    created_date_time: str | None = None


class ServicePrincipal(msgspec.Struct, frozen=True, rename="camel"):
    app_id: str
    display_name: str | None = None


class Client(msgspec.Struct, frozen=True):
    ip: str | None = None


class AuthenticationContext(msgspec.Struct, frozen=True, rename="camel"):
    client_service_principal: ServicePrincipal
    resource_service_principal: ServicePrincipal | None = None
    client: Client | None = None
    protocol: str | None = None
    user: User | None = None


class Data(msgspec.Struct, frozen=True, rename="camel"):
    tenant_id: str
    authentication_context: AuthenticationContext


class Hook(msgspec.Struct, frozen=True):
    type: Literal["microsoft.graph.authenticationEvent.tokenIssuanceStart"]
    data: Data


def parse(body: JSON, settings: HookSettings) -> Asked:
    context = msgspec.convert(body, Hook).data.authentication_context
    client, resource = context.client or Client(), context.resource_service_principal
    return Asked(
        user=None if context.user is None else _user(context.user),
        context=context_of(
            "entra",
            body,
            client=context.client_service_principal.app_id,
            grant=PROTOCOLS.get(context.protocol or "", context.protocol),
            query=present(audience=resource.app_id if resource else None),
            ip=client.ip,
            clientName=context.client_service_principal.display_name,
        ),
        capability=CAPABILITY,
    )


def _user(user: User) -> JSON:
    return present(
        user_id=user.id,
        username=user.user_principal_name,
        name=user.display_name,
        given_name=user.given_name,
        family_name=user.surname,
        email=user.mail,
        locale=user.preferred_language,
        company=user.company_name,
        user_type=user.user_type,
        created_at=user.created_date_time,
    )


def allow(asked: Asked, execution: Execution) -> Reply:
    """Exactly one action, with claims that are not null, whatever the rules have done."""
    claims = (execution.idToken or {}) | (execution.accessToken or {})
    return Reply(body={"data": {"@odata.type": ANSWER, "actions": [{"@odata.type": ACTION, "claims": claims}]}})


def refuse(refusal: Refusal) -> Reply:
    error = ERROR.get(refusal.cause, refusal.error)
    return Reply(status=STATUS[refusal.cause], body={"error": error, "error_description": refusal.text})


def vouches(body: JSON, secret: Any) -> bool:
    """Whether the call is about the directory that its token is for."""
    data = body.get("data")
    return isinstance(data, dict) and str(data.get("tenantId")).lower() == secret.body_tenant


ISSUER = Issuer(
    name="entra",
    title="Microsoft Entra ID",
    secrets=("entra",),
    wait=1.0,
    fails="closed",
    denies="403",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
    vouches=vouches,
)
