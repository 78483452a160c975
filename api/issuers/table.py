"""Every issuer whose hook is spoken here, by its name in addresses. A new one is one module and one line."""

from __future__ import annotations

from api.issuers import cognito, entra, firebase, hydra, lemonldap, okta, supabase, workos, wso2, zitadel
from api.issuers.issuer import Issuer

ISSUERS: dict[str, Issuer] = {
    issuer.name: issuer
    for issuer in (
        hydra.ISSUER,
        supabase.ISSUER,
        okta.ISSUER,
        zitadel.ISSUER,
        entra.ISSUER,
        wso2.ISSUER,
        cognito.ISSUER,
        firebase.ISSUER,
        workos.ISSUER,
        lemonldap.ISSUER,
    )
}
