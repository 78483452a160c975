"""How each issuer is set up to call its hook, as docs/issuers has it at length: what to paste there, and what a secret
of each kind is made of.

In what is pasted, `{url}` is the hook's address, and `{scheme}`, `{host}` and `{path}` are its parts; `{value}`,
`{name}`, `{username}` and `{password}` are what the form of a secret holds.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One thing to do at the issuer; with a secret of one `kind` alone, where one is named."""

    text: str
    paste: str = ""
    kind: str = ""


class Field(NamedTuple):
    """What a secret has. `made` says that a browser can make one up, and in which form."""

    name: str
    label: str
    about: str = ""
    value: str = ""
    made: str = ""
    optional: bool = False


STEPS: dict[str, tuple[Step, ...]] = {
    "hydra": (
        Step("In Hydra's configuration, with the secret as a header:", "oauth2:\n  token_hook:\n    url: {url}\n"
             "    auth:\n"
             "      type: api_key\n      config: {in: header, name: {name}, value: {value}}\n", "header"),
        Step("In Hydra's configuration, with the secret as a cookie:", "oauth2:\n  token_hook:\n    url: {url}\n"
             "    auth:\n"
             "      type: api_key\n      config: {in: cookie, name: {name}, value: {value}}\n", "cookie"),
        Step("Where clients.http.disallow_private_ip_ranges is on, Hydra calls no private address."),
    ),
    "supabase": (
        Step("Under Authentication, Hooks: add a “Customize Access Token (JWT) Claims hook” of the type HTTPS, "
             "with this "
             "URL:", "{url}"),
        Step("and its secret: generate it there and paste it here, or the other way round.", "{value}"),
        Step("Self-hosted, in the environment of Auth:", "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED=true\n"
             "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI={url}\nGOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_SECRETS={value}\n"),
    ),
    "okta": (
        Step("Under Workflow, Inline Hooks: add an inline hook of the type Token, with this URL:", "{url}"),
        Step("Authentication field:", "{name}", "header"),
        Step("Authentication secret, all of it:", "{value}", "header"),
        Step("Choose OAuth 2.0 as its authentication, with the client whose id stands below as the caller.", "", "jwt"),
        Step("Then choose the hook in a rule of the authorization server's access policy (Security, API)."),
    ),
    "zitadel": (
        Step("Create a target. Without interruptOnError Zitadel issues tokens without rules when something is wrong.",
             '{\n  "name": "Claimsmith",\n  "endpoint": "{url}",\n  "timeout": "5s",\n'
             '  "restCall": {"interruptOnError": true}\n}\n'),
        Step("With one more member:", '"payloadType": "PAYLOAD_TYPE_JWT"', "jwt_payload"),
        Step("With one more member:", '"payloadType": "PAYLOAD_TYPE_JWE"', "jwe_payload"),
        Step("The answer has its signingKey, once: set it here, below."),
        Step("The secret then has a public key: give that to the target (base64 of all of it), and activate it there.",
             "", "jwe_payload"),
        Step("Set an execution for each of the functions preuserinfo and preaccesstoken, with the id of the target:",
             '{\n  "condition": {"function": {"name": "preuserinfo"}},\n  "targets": ["<the id of the target>"]\n}\n'),
    ),
    "entra": (
        Step("Under Enterprise applications, Custom authentication extensions: create one for the event "
             "TokenIssuanceStart, with this target URL:", "{url}"),
        Step("The Application ID URI of its app registration has the very host of that URL:",
             "api://{host}/<the id of the app registration>"),
        Step("Name every claim that rules may set among the extension's claims: what is not named reaches no "
             "token. Then "
             "choose the extension in the application's Attributes & Claims."),
        Step("Set the two ids here, below. Nothing secret is exchanged."),
    ),
    "wso2": (
        Step("In the console under Actions, Pre-Issue Access Token, and the same for Pre-Issue ID Token. Endpoint:",
             "{url}"),
        Step("Authentication Basic, with this user name and password:", "{username}\n{password}\n", "basic"),
        Step("Authentication Bearer, with this token:", "{value}", "bearer"),
        Step("Authentication API key, with this header and value:", "{name}\n{value}\n", "header"),
        Step("Authentication client credentials, of the issuer whose tokens are accepted below.", "", "jwt"),
        Step("The application's access tokens have to be of the type JWT."),
    ),
    "cognito": (
        Step("Create a Lambda function of examples/cognito/index.mjs, with five seconds to run, and in its "
             "environment:",
             "CLAIMSMITH_URL={url}\nCLAIMSMITH_SECRET={value}\n", "standard_webhooks"),
        Step("Create a Lambda function of examples/cognito/index.mjs, with five seconds to run, and in its "
             "environment:",
             "CLAIMSMITH_URL={url}\nCLAIMSMITH_TOKEN={value}\n", "bearer"),
        Step("Choose it among the user pool's Lambda triggers as Pre token generation."),
    ),
    "firebase": (
        Step("The project has to be one of Identity Platform, or of Firebase Authentication that was upgraded to it. "
             "Register this address as its blocking function beforeSignIn, and as beforeCreate where rules decide who "
             "may register:",
             "curl -X PATCH 'https://identitytoolkit.googleapis.com/admin/v2/projects/<PROJECT>/config"
             "?updateMask=blockingFunctions.triggers' \\\n"
             "  -H \"Authorization: Bearer $(gcloud auth print-access-token)\" -H 'X-Goog-User-Project: <PROJECT>' \\\n"
             "  --json '{\"blockingFunctions\": {\"triggers\": {\"beforeSignIn\": {\"functionUri\": \"{url}\"}}}}'\n"),
        Step("Set the project's id and this very address here, below. Nothing secret is exchanged."),
    ),
    "workos": (
        Step("In the dashboard under Authentication, Actions, for either action or both:", "{url}"),
        Step("WorkOS shows a signing secret: set it here, below. Where it asks what to do without an answer, choose to "
             "deny."),
    ),
    "lemonldap": (
        Step("In the portal's configuration, with the secret in the address (percent-encode what is neither letter nor "
             "digit):", "userDB = REST\nrestUserDBUrl = {scheme}://{username}:{password}@{host}{path}\n"),
    ),
    "native": (
        Step("An issuer of your own makes this call at each login, and signs it by Standard Webhooks (or sends a token "
             "with the scope execute, and needs no secret):", "POST {url}"),
        Step("The key by which it signs:", "{value}"),
    ),
}  # fmt: skip

KINDS: dict[str, str] = {
    "header": "a header with a fixed value",
    "cookie": "a cookie with a fixed value",
    "basic": "a user name and a password",
    "bearer": "a fixed bearer token",
    "standard_webhooks": "a key that signs (Standard Webhooks)",
    "signing_key": "the issuer's signing key",
    "jwt_payload": "its signing key, and calls that are a JWT",
    "jwe_payload": "its signing key, and calls that are encrypted (JWE)",
    "jwt": "tokens of an issuer",
    "entra": "tokens of Entra ID",
    "firebase": "tokens of Identity Platform",
}

FIELDS: dict[str, tuple[Field, ...]] = {
    "header": (Field("name", "Header", value="Authorization"), Field("value", "Value", made="text")),
    "cookie": (Field("name", "Cookie", value="hook"), Field("value", "Value", made="text")),
    "basic": (Field("username", "User name", value="claimsmith"), Field("password", "Password", made="text")),
    "bearer": (Field("value", "Token", made="text"),),
    "standard_webhooks": (Field("value", "Key", "whsec_ and base64", made="whsec"),),
    "signing_key": (Field("value", "Signing key", "as the issuer shows it"),),
    "jwt_payload": (
        Field("value", "Signing key", "as the issuer shows it"),
        Field("jwks_url", "Address of the web keys (JWKS)", "/oauth/v2/keys of the instance"),
    ),
    "jwe_payload": (
        Field("value", "Signing key", "as the issuer shows it"),
        Field("jwks_url", "Address of the web keys (JWKS)", "/oauth/v2/keys of the instance"),
    ),
    "jwt": (
        Field("jwks_url", "Address of the public keys (JWKS)"),
        Field("issuers", "Issuers", "as iss has them, with spaces between"),
        Field("audience", "Audience"),
        Field("caller", "Client id of the caller", "in azp, appid or cid", optional=True),
    ),
    "entra": (
        Field("tenant_id", "Directory (tenant) id"),
        Field("audience", "Application id of the app registration"),
        Field("domain", "Domain of an external tenant", "what stands before .ciamlogin.com", optional=True),
    ),
    "firebase": (
        Field("project", "Id of the project"),
        Field("audience", "Address of the function", "as it is registered there"),
    ),
}
SUPABASE = Field("value", "Key", "v1,whsec_ and base64", made="supabase")


def fields(issuer: str, kind: str) -> tuple[Field, ...]:
    """What a secret of this kind has, as this issuer writes it."""
    return (SUPABASE,) if issuer == "supabase" else FIELDS[kind]
