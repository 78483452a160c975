"""The kinds of secrets by which issuers' hooks show who calls: a fixed header, a signature, a token of another issuer.

Each says what is wrong with it when it is read, in words that do not repeat it, and none is ever shown: `repr` has the
kind alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal, get_args

import msgspec

from api.issuers.key_sets import ALGORITHMS, TokenCheck
from api.issuers.payloads import PrivateKey, new_private_key, read_private_key
from api.issuers.signatures import read_webhook_key
from api.settings import fetchable_url

LONGEST_VALUE = 1_024  # characters
LONGEST_URL = 2_048
MOST_ISSUERS = 10
WEAK = 16  # characters: a shorter value can be guessed

GOOGLE_KEYS = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
LONGEST_CALL = 1_000_000  # characters of a token in which a call stands: a profile, groups, other tokens are in it

ENTRA_CALLER = "99045fe1-7639-4a75-9d4a-577b6ca3810f"  # Entra's own application that calls custom claims providers

# RFC 9110 section 5.6.2, RFC 6265 section 4.1.1, and the text of a header that no library changes on the way.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_BEARER_VALUE = re.compile(r"[!-~]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,100}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ADDRESS = re.compile(r"https?://[!-~]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)

# Headers that say something else, or that a proxy writes; and one that stands in the answer, too.
_NOT_FOR_SECRETS = (
    "host",
    "cookie",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "x-request-id",
)


class _Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    @property
    def weak(self) -> bool:
        """Whether it can be guessed."""
        return False

    @property
    def public_key(self) -> str | None:
        """What of it is for the issuer and everybody else, as PEM."""
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Header(_Kind, frozen=True, tag="header"):
    """A header with a fixed value."""

    value: str
    name: str = "authorization"

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name), "`name` is not the name of a header")
        _require(self.name.lower() not in _NOT_FOR_SECRETS, f"the header `{self.name}` cannot carry a secret")
        _require_text("value", self.value, _HEADER_VALUE, "visible ASCII characters, with spaces between them")

    @property
    def weak(self) -> bool:
        return len(self.value) < WEAK


class Cookie(_Kind, frozen=True, tag="cookie"):
    """A cookie with a fixed value."""

    name: str
    value: str

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name), "`name` is not the name of a cookie")
        allowed = "ASCII characters without spaces, quotes, commas, semicolons and backslashes"
        _require_text("value", self.value, _COOKIE_VALUE, allowed)

    @property
    def weak(self) -> bool:
        return len(self.value) < WEAK


class Basic(_Kind, frozen=True, tag="basic"):
    """`Authorization: Basic` (RFC 7617)."""

    username: str
    password: str

    def __post_init__(self) -> None:
        _require_text("username", self.username)
        _require(":" not in self.username, "`username` cannot have a colon (RFC 7617 section 2)")
        _require_text("password", self.password)

    @property
    def weak(self) -> bool:
        return len(self.password) < WEAK


class Bearer(_Kind, frozen=True, tag="bearer"):
    """`Authorization: Bearer` with a fixed value."""

    value: str

    def __post_init__(self) -> None:
        _require_text("value", self.value, _BEARER_VALUE, "visible ASCII characters without spaces")

    @property
    def weak(self) -> bool:
        return len(self.value) < WEAK


class StandardWebhooks(_Kind, frozen=True, tag="standard_webhooks"):
    """A key of Standard Webhooks: `whsec_...`, Supabase's `v1,whsec_...`, or a public key `whpk_...`."""

    value: str

    def __post_init__(self) -> None:
        _require_text("value", self.value)
        try:
            key = read_webhook_key(self.value)
        except ValueError as exc:
            raise ValueError(f"`value`: {exc}") from None
        _require(key.kind != "whsk_", "`value` is a private key (`whsk_`): keep it, and give its public one (`whpk_`)")


class SigningKey(_Kind, frozen=True, tag="signing_key"):
    """A key of Zitadel or WorkOS: which of their signatures it makes is the issuer's to say."""

    value: str

    def __post_init__(self) -> None:
        _require_text("value", self.value)

    @property
    def weak(self) -> bool:
        return len(self.value) < WEAK


class JwtPayload(SigningKey, frozen=True, tag="jwt_payload"):
    """The same, where the body is a compact JWS by a key at `jwks_url`. It says neither when nor for whom it was made;
    the signature over it does."""

    jwks_url: str = msgspec.field()

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_url("jwks_url", self.jwks_url)


class JwePayload(JwtPayload, frozen=True, dict=True, tag="jwe_payload"):
    """The same, where that JWS is encrypted to `private_key` (PEM); one is made where none is given."""

    private_key: str = msgspec.field(default_factory=new_private_key)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            self.key  # noqa: B018 (it is read and kept)
        except ValueError as exc:
            raise ValueError(f"`private_key`: {exc}") from None

    @cached_property
    def key(self) -> PrivateKey:
        return read_private_key(self.private_key)

    @property
    def public_key(self) -> str:
        return self.key.public


class Jwt(_Kind, frozen=True, tag="jwt"):
    """`Authorization: Bearer` with a token of another issuer (RFC 7519), signed by a key at `jwks_url`. `caller` is the
    client that the token was given to: it stands in `azp`, `appid` or `cid`."""

    jwks_url: str
    issuers: tuple[str, ...]
    audience: str
    caller: str | None = None
    algorithms: tuple[Literal["RS256", "ES256", "EdDSA"], ...] = ("RS256",)

    def __post_init__(self) -> None:
        _require_url("jwks_url", self.jwks_url)
        _require(0 < len(self.issuers) <= MOST_ISSUERS, f"`issuers` names 1 to {MOST_ISSUERS}")
        for issuer in self.issuers:
            _require_text("issuers", issuer)
        _require_text("audience", self.audience)
        if self.caller is not None:
            _require_text("caller", self.caller)
        _require(self.algorithms, f"`algorithms` names at least one of {', '.join(ALGORITHMS)}")

    @property
    def check(self) -> TokenCheck:
        return TokenCheck(self.jwks_url, self.issuers, self.audience, self.caller, self.algorithms)


class Entra(_Kind, frozen=True, tag="entra"):
    """Entra ID's token for custom claims providers. `tenant_id` is Entra's, `audience` the id of the app registration;
    `domain` is the first label of `<domain>.ciamlogin.com`, for external tenants."""

    tenant_id: str
    audience: str
    domain: str | None = None
    jwks_url: str | None = None

    def __post_init__(self) -> None:
        text = "`tenant_id` is a UUID: the tenant's id in Entra, not its domain name"
        _require(_UUID.fullmatch(self.tenant_id), text)
        _require_text("audience", self.audience)
        if self.domain is not None:
            _require(_LABEL.fullmatch(self.domain), "`domain` is one label: what stands before `.ciamlogin.com`")
        if self.jwks_url is not None:
            _require_url("jwks_url", self.jwks_url)

    @property
    def body_tenant(self) -> str:
        """What `data.tenantId` has to be in the body, in lower case."""
        return self.tenant_id.lower()

    @property
    def check(self) -> TokenCheck:
        tenant, workforce = self.body_tenant, "https://login.microsoftonline.com"
        external = f"https://{self.domain.lower()}.ciamlogin.com" if self.domain else None
        issuers = [f"{host}/{tenant}/v2.0" for host in (workforce, external) if host]
        return TokenCheck(
            jwks_url=self.jwks_url or f"{external or workforce}/{tenant}/discovery/v2.0/keys",
            issuers=(*issuers, f"https://sts.windows.net/{tenant}/"),  # the last of version 1 tokens
            audience=self.audience,
            caller=ENTRA_CALLER,
        )


class Firebase(_Kind, frozen=True, tag="firebase"):
    """The token in which Google's Identity Platform sends a call to a blocking function. `project` is the id of the
    project, `audience` the function's address as it is registered there.

    Every ID token of the project is signed by the same keys, from the same issuer: only the audience tells them from a
    call."""

    project: str
    audience: str
    jwks_url: str | None = None

    def __post_init__(self) -> None:
        text = "`project` is a project's id, as `shop-1a2b3` is: neither its name nor its number"
        _require(_PROJECT.fullmatch(self.project), text)
        _require_text("audience", self.audience, _ADDRESS, "the address that is registered as the function's")
        if self.jwks_url is not None:
            _require_url("jwks_url", self.jwks_url)

    @property
    def check(self) -> TokenCheck:
        return TokenCheck(
            jwks_url=self.jwks_url or GOOGLE_KEYS,
            issuers=(f"https://securetoken.google.com/{self.project}",),
            audience=self.audience,
            longest=LONGEST_CALL,
        )


Secret = (
    Header | Cookie | Basic | Bearer | StandardWebhooks | SigningKey | JwtPayload | JwePayload | Jwt | Entra | Firebase
)
OfTokens = Jwt | Entra | Firebase

KINDS: dict[str, type[Secret]] = {kind.__struct_config__.tag: kind for kind in get_args(Secret)}
# Those that sign the body: a call is read before it is known, and each of them takes its time for all of it.
SIGNING = frozenset(tag for tag, kind in KINDS.items() if issubclass(kind, SigningKey | StandardWebhooks))
# Those, and one that stands in it.
OF_THE_BODY = SIGNING | {"firebase"}


class _Stored(msgspec.Struct):
    private_key: str | None = None


_secret: msgspec.json.Decoder[Secret] = msgspec.json.Decoder(Secret)


def read_secret(text: bytes) -> Secret:
    """A secret as it was stored. Raises `ValueError`, which does not repeat it."""
    secret = _secret.decode(text)
    if isinstance(secret, JwePayload) and msgspec.json.decode(text, type=_Stored).private_key is None:
        raise ValueError("`private_key` is missing: one that is made at each look opens nothing")
    return secret


def key_addresses(secrets: Iterable[tuple[str, Secret]]) -> dict[str, set[str]]:
    """Where the keys are that some of these need, and for which tenants, of whom each secret is given."""
    found: dict[str, set[str]] = {}
    for tenant, secret in secrets:
        match secret:
            case Jwt() | Entra() | Firebase():
                found.setdefault(secret.check.jwks_url, set()).add(tenant)
            case JwtPayload():
                found.setdefault(secret.jwks_url, set()).add(tenant)
    return found


def _require(condition: object, text: str) -> None:
    if not condition:
        raise ValueError(text)


def _require_text(field: str, value: str, pattern: re.Pattern[str] | None = None, allowed: str = "") -> None:
    """These messages never repeat the value."""
    _require(value, f"`{field}` is empty")
    _require(len(value) <= LONGEST_VALUE, f"`{field}` is longer than {LONGEST_VALUE} characters")
    _require(not _CONTROL.search(value), f"`{field}` has a control character, a line end perhaps")
    _require(pattern is None or pattern.fullmatch(value), f"`{field}` takes {allowed}")


def _require_url(field: str, value: str) -> None:
    _require(len(value) <= LONGEST_URL and not _CONTROL.search(value), f"`{field}` is not a URL")
    try:
        fetchable_url(value)
    except ValueError as exc:
        raise ValueError(f"`{field}`: {exc}") from None
