"""Claim names with a meaning of their own, each with its reason."""

from __future__ import annotations

# Only the issuer may set these: what relying parties check, and what binds a token to its request.
PROTECTED: dict[str, str] = {
    "iss": "who signed the token (RFC 7519, 4.1.1)",
    "sub": "who the token is about (RFC 7519, 4.1.2)",
    "aud": "whom the token is for (RFC 7519, 4.1.3)",
    "exp": "when it ends (RFC 7519, 4.1.4)",
    "nbf": "when it begins (RFC 7519, 4.1.5)",
    "iat": "when it was issued (RFC 7519, 4.1.6)",
    "jti": "which token it is (RFC 7519, 4.1.7)",
    "nonce": "binds it to the request (OpenID Connect Core, 2)",
    "azp": "which client asked (OpenID Connect Core, 2)",
    "at_hash": "binds it to the access token (OpenID Connect Core, 3.1.3.6)",
    "c_hash": "binds it to the code (OpenID Connect Core, 3.3.2.11)",
    "s_hash": "binds it to the state (Financial-grade API)",
    "sid": "which session it is (OpenID Connect Front-Channel Logout, 3)",
    "auth_time": "when the user authenticated (OpenID Connect Core, 2)",
    "acr": "how strongly the user authenticated (OpenID Connect Core, 2)",
    "amr": "by which methods (OpenID Connect Core, 2)",
    "cnf": "whose key must be shown with it (RFC 7800)",
    "act": "who acts for the subject (RFC 8693, 4.1)",
    "may_act": "who may act for the subject (RFC 8693, 4.4)",
    "client_id": "which client it was issued to (RFC 8693, 4.3)",
    "gty": "by which grant it was issued",
    "events": "makes it a security event (RFC 8417)",
    "toe": "time of that event (RFC 8417)",
    "txn": "transaction of that event (RFC 8417)",
}

# Names that other specifications give a meaning, so that Auth0 dropped them without a word. Here they are set,
# with a warning; a tenant with `strict_claims` refuses them.
RESTRICTED: dict[str, str] = dict.fromkeys(
    """active ath attest authorization_details cty dest entitlements groups htm htu internalService jcard jku jwe
    jwk kid mky object_id org_id org_name orig origid permissions roles rph sip_callid sip_cseq_num sip_date
    sip_from_tag sip_via_branch sub_jwk typ uuid vot vtm x5t#S256""".split(),
    "an OpenID Connect consumer expects a custom claim under a namespace",
)

# The user's standard claims (OpenID Connect Core, 5.1): plain names that need no namespace.
PROFILE = frozenset(
    """address birthdate email email_verified family_name gender given_name locale middle_name name nickname
    phone_number phone_number_verified picture preferred_username profile updated_at website zoneinfo""".split()
)

# What a claim's name begins with when it is one of the author's own (RFC 7519, 4.2: "collision-resistant").
NAMESPACES = ("https://", "http://", "urn:")
