"""A different pseudonym for each application

Two applications cannot find out that they know the same person. The key is random, one per user, made by
the issuer and kept in `app_metadata`; throwing it away makes the pseudonyms unknowable. The `sub` claim
stays the issuer's: no rule can set it.
"""

import hmac


def rule(user, context):
    key = (user.get("app_metadata") or {}).get("pseudonym_key")
    if not key:
        raise UnauthorizedError("this account has no pseudonym key")
    digest = hmac.new(key.encode(), context.clientID.encode(), "sha256").hexdigest()
    context.idToken["https://example.com/pseudonym"] = digest[:32]
