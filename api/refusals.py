"""Why a token is refused: one exception for each reason, so that a log can count them."""

from __future__ import annotations

import re

import jwt
from jwt.exceptions import InvalidJTIError, InvalidSubjectError

from api.errors import ApiError, challenge

LONGEST_TOKEN = 16_384
COMPACT_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class TokenRefused(ApiError):
    """A token that is not accepted (RFC 6750 section 3.1). One subclass for each reason; the log names it."""

    reason = "the token is not valid"

    def __init__(self, detail: str | None = None) -> None:
        header = challenge(error="invalid_token", error_description=self.reason)
        super().__init__("invalid_token", self.reason, headers={"WWW-Authenticate": header}, detail=detail)


class TokenTooLong(TokenRefused):
    reason = f"the token is longer than {LONGEST_TOKEN} characters"


class TokenMalformed(TokenRefused):
    reason = "the token is not a well-formed JWT"


class AlgorithmRefused(TokenRefused):
    reason = "the token is signed with an algorithm that is not accepted here"


class KeyUnknown(TokenRefused):
    reason = "the token is signed with a key that its issuer does not publish"


class SignatureWrong(TokenRefused):
    reason = "the signature of the token is wrong; was it made for another service, or before its secret changed"


class TokenExpired(TokenRefused):
    """Its signature was good: it is a token of this `tenant`, "" where it names none."""

    reason = "the token has expired"

    def __init__(self, detail: str | None = None, tenant: str = "") -> None:
        super().__init__(detail)
        self.tenant = tenant


class TokenNotYetValid(TokenRefused):
    reason = "the token is not valid yet; compare the clocks of both machines"


class IssuerWrong(TokenRefused):
    reason = "the token is from another issuer"


class AudienceWrong(TokenRefused):
    reason = "the token is for another audience"


class CallerWrong(TokenRefused):
    reason = "the token was given to another client"


class ClaimMissing(TokenRefused):
    reason = "the token lacks a claim; required are exp, scope and tenant, from another issuer also iss and aud"


class ClaimWrong(TokenRefused):
    reason = "a claim of the token has the wrong type"


class TenantWrong(TokenRefused):
    reason = "the claim tenant of the token is not a tenant name"


# In this order: PyJWT's classes inherit from each other.
REASONS: tuple[tuple[type[jwt.PyJWTError], type[TokenRefused]], ...] = (
    (jwt.InvalidSignatureError, SignatureWrong),
    (jwt.ExpiredSignatureError, TokenExpired),
    (jwt.ImmatureSignatureError, TokenNotYetValid),
    (jwt.InvalidIssuerError, IssuerWrong),
    (jwt.InvalidAudienceError, AudienceWrong),
    (jwt.MissingRequiredClaimError, ClaimMissing),
    (jwt.InvalidAlgorithmError, AlgorithmRefused),
    (InvalidSubjectError, ClaimWrong),
    (InvalidJTIError, ClaimWrong),
    (jwt.InvalidIssuedAtError, ClaimWrong),
)


def refused(exc: jwt.PyJWTError) -> TokenRefused:
    """What PyJWT has found, as a refusal."""
    kind = next((ours for theirs, ours in REASONS if isinstance(exc, theirs)), TokenMalformed)
    return kind(detail=str(exc))
