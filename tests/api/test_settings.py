from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from api.settings import SETTINGS, BadSetting, Settings
from sandbox.processors import processors

SECRET = "s3cr3t-" * 6
JWKS = {
    "CLAIMSMITH_JWKS_URL": "https://id.example.com/jwks?key=hidden",
    "CLAIMSMITH_JWKS_ISSUER": "https://id.example.com",
    "CLAIMSMITH_JWKS_AUDIENCE": "claimsmith",
}
OIDC = {**JWKS, "CLAIMSMITH_OIDC_ISSUER": "https://id.example.com", "CLAIMSMITH_OIDC_CLIENT_ID": "console"}


def test_defaults() -> None:
    settings = Settings.from_environ({"PATH": "/bin"})
    available = processors()
    assert settings == Settings(
        host="127.0.0.1",
        port=8100,
        data=Path("data"),
        processes=1,
        secret=None,
        secret_previous=None,
        database_url=None,
        redis_url=None,
        redis_server=None,
        jwks_url=None,
        jwks_issuer=None,
        jwks_audience=None,
        jwks_algorithms=("RS256", "ES256", "EdDSA"),
        jwks_tenant=None,
        oidc_issuer=None,
        oidc_client_id=None,
        oidc_client_secret=None,
        oidc_scope="openid",
        oidc_parameters={},
        rule_ms=250,
        execution_ms=2000,
        worker_memory_mb=256,
        workers=64 * available,
        workers_per_tenant=max(2, 2 * available),
        calling_per_tenant=64,
        http_networks=None,
        recycle_after=1000,
        queue=256,
        body_bytes=1_048_576,
        calls_per_second=0,
        tls_certificate=None,
        tls_key=None,
        records_queue=10_000,
        records_queue_mb=256,
        audit_days=400,
        run_unconfined_by=None,
        log_level="info",
        log_format="text",
        otel_endpoint=None,
    )


def test_the_table_has_one_row_for_each_field() -> None:
    assert [row.field for row in SETTINGS] == [field.name for field in fields(Settings)]
    assert len({row.variable for row in SETTINGS}) == len(SETTINGS)
    assert all(row.help for row in SETTINGS)


def test_everything_set() -> None:
    settings = Settings.from_environ(
        {
            **JWKS,
            "CLAIMSMITH_SECRET": SECRET,
            "DATABASE_URL": "postgresql://u:p@db/claims",
            "REDIS_URL": "none",
            "CLAIMSMITH_JWKS_ALGORITHMS": "EdDSA, RS256",
            "CLAIMSMITH_JWKS_TENANT": "acme",
            "CLAIMSMITH_WORKERS": "3",
            "CLAIMSMITH_PORT": "9000",
            "CLAIMSMITH_HOST": "",
            "CLAIMSMITH_URL": "for the commands",
        },
        port=0,
        data=None,
    )
    assert (settings.port, settings.host, settings.data) == (0, "127.0.0.1", Path("data"))
    assert settings.jwks_algorithms == ("EdDSA", "RS256")
    assert (settings.workers, settings.workers_per_tenant) == (3, 2)
    assert (settings.redis_url, settings.jwks_tenant) == ("none", "acme")


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"CLAIMSMITH_PROT": "1"}, "CLAIMSMITH_PROT: there is no such setting; did you mean `CLAIMSMITH_PORT`"),
        (
            {"CLAIMSMITH_PORT": "http"},
            "CLAIMSMITH_PORT: `http` is not a whole number; give one from 0 to 65535",
        ),
        (
            {"CLAIMSMITH_PORT": "70000"},
            "CLAIMSMITH_PORT: `70000` is out of range; give a number from 0 to 65535",
        ),
        (
            {"CLAIMSMITH_SECRET": "hunter2"},
            "CLAIMSMITH_SECRET: shorter than 32 characters; make one with `openssl rand -base64 48`",
        ),
        (
            {"DATABASE_URL": "postgresql://u:p@db/claims"},
            "CLAIMSMITH_SECRET: required with DATABASE_URL: all replicas share one secret",
        ),
        (
            {"DATABASE_URL": "mysql://u:p@db/claims"},
            "DATABASE_URL: not a URL of a known kind; it must start with `postgresql://` or "
            "`postgres://`; leave it unset for the embedded database",
        ),
        (
            {"REDIS_URL": "localhost:6379"},
            "REDIS_URL: not a URL of a known kind; it must start with `redis://` or `rediss://` or `unix://`",
        ),
        ({"REDIS_URL": "redis://h:port/"}, "REDIS_URL: not a valid URL"),
        (
            {**JWKS, "CLAIMSMITH_JWKS_ISSUER": ""},
            "CLAIMSMITH_JWKS_ISSUER: required with CLAIMSMITH_JWKS_URL",
        ),
        (
            {**JWKS, "CLAIMSMITH_JWKS_AUDIENCE": ""},
            "CLAIMSMITH_JWKS_AUDIENCE: required with CLAIMSMITH_JWKS_URL",
        ),
        (
            {"CLAIMSMITH_JWKS_TENANT": "acme"},
            "CLAIMSMITH_JWKS_TENANT: has no effect without CLAIMSMITH_JWKS_URL",
        ),
        (
            {**JWKS, "CLAIMSMITH_JWKS_URL": "http://id.example.com/jwks"},
            "CLAIMSMITH_JWKS_URL: keys fetched over http can be replaced on the way; use https",
        ),
        (
            {**JWKS, "CLAIMSMITH_JWKS_ALGORITHMS": "RS256,HS256"},
            "CLAIMSMITH_JWKS_ALGORITHMS: `HS256` is not known; give one of RS256, ES256, EdDSA",
        ),
        (
            {**JWKS, "CLAIMSMITH_JWKS_TENANT": "Acme\n"},
            "CLAIMSMITH_JWKS_TENANT: `Acme\n` is not a tenant name; give one that matches `[a-z0-9][a-z0-9_-]{0,62}`",
        ),
        (
            {"CLAIMSMITH_OIDC_ISSUER": "https://id.example.com"},
            "CLAIMSMITH_OIDC_CLIENT_ID: required with CLAIMSMITH_OIDC_ISSUER",
        ),
        (
            {"CLAIMSMITH_OIDC_ISSUER": "https://id.example.com", "CLAIMSMITH_OIDC_CLIENT_ID": "console"},
            "CLAIMSMITH_JWKS_URL: required with CLAIMSMITH_OIDC_ISSUER, whose tokens would not be accepted",
        ),
        (
            {**JWKS, "CLAIMSMITH_OIDC_CLIENT_SECRET": "hidden"},
            "CLAIMSMITH_OIDC_CLIENT_SECRET: has no effect without CLAIMSMITH_OIDC_ISSUER",
        ),
        (
            {"CLAIMSMITH_OIDC_ISSUER": "http://id.example.com"},
            "CLAIMSMITH_OIDC_ISSUER: an issuer can be replaced on the way over http; use https",
        ),
        (
            {"CLAIMSMITH_OIDC_ISSUER": "https://ann:pw@id.example.com"},
            "CLAIMSMITH_OIDC_ISSUER: an issuer has no query, fragment or user; give it as its metadata does",
        ),
        (
            {**OIDC, "CLAIMSMITH_OIDC_SCOPE": "admin"},
            "CLAIMSMITH_OIDC_SCOPE: `admin` lacks the scope `openid`",
        ),
        (
            {**OIDC, "CLAIMSMITH_OIDC_PARAMETERS": "audience=a&state=b"},
            "CLAIMSMITH_OIDC_PARAMETERS: `state` is set by the console itself",
        ),
        (
            {**OIDC, "CLAIMSMITH_OIDC_PARAMETERS": "https://claimsmith.example.com"},
            "CLAIMSMITH_OIDC_PARAMETERS: `https://claimsmith.example.com` has no parameters; give them like "
            "`audience=https://claimsmith.example.com`",
        ),
        (
            {"CLAIMSMITH_REDIS_SERVER": "/nowhere"},
            "CLAIMSMITH_REDIS_SERVER: `/nowhere` is not an executable file; give the path of a redis-server binary",
        ),
        ({"CLAIMSMITH_LOG_FORMAT": "xml"}, "CLAIMSMITH_LOG_FORMAT: `xml` is not known; give one of json, text"),
    ],
)
def test_bad_settings_are_one_clear_line(environ: dict[str, str], line: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Settings.from_environ(environ)
    assert str(refused.value) == line


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_keys_over_http_from_this_machine_only(host: str) -> None:
    url = f"http://{host}:1/jwks"
    assert Settings.from_environ({**JWKS, "CLAIMSMITH_JWKS_URL": url}).jwks_url == url


def test_overrides_are_checked_like_variables() -> None:
    with pytest.raises(BadSetting, match="CLAIMSMITH_PORT: `-1` is not a whole number"):
        Settings.from_environ({}, port=-1)
    with pytest.raises(TypeError, match="prot"):
        Settings.from_environ({}, prot=1)


def test_nothing_secret_is_shown() -> None:
    settings = Settings.from_environ(
        {
            **JWKS,
            "CLAIMSMITH_SECRET": SECRET,
            "CLAIMSMITH_SECRET_PREVIOUS": SECRET[::-1],
            "DATABASE_URL": "postgresql://app:hidden@db:5432/claims?sslpassword=hidden",
            "REDIS_URL": "unix:///run/redis.sock?password=hidden&db=0",
        }
    )
    shown = settings.redacted()
    assert shown["secret"] == shown["secret_previous"] == "***"
    assert shown["database_url"] == "postgresql://app:***@db:5432/claims?sslpassword=***"
    assert shown["redis_url"] == "unix:///run/redis.sock?password=***&db=***"
    assert shown["jwks_url"] == "https://id.example.com/jwks?key=***"
    for text in (repr(settings), str(settings), str(shown)):
        assert "hidden" not in text
        assert "s3cr3t" not in text
        assert SECRET[::-1] not in text


@pytest.mark.parametrize("name", ["CLAIMSMITH_SECRET", "DATABASE_URL", "REDIS_URL"])
def test_what_may_be_secret_is_read_from_a_file(tmp_path: Path, name: str) -> None:
    values = {
        "CLAIMSMITH_SECRET": SECRET,
        "DATABASE_URL": "postgresql://u:hidden@db/claims",
        "REDIS_URL": "redis://:hidden@cache/",
    }
    file = tmp_path / "value"
    file.write_text(f"{values[name]}\n")
    by_file = {**values, f"{name}_FILE": str(file)}
    del by_file[name]
    assert Settings.from_environ(by_file) == Settings.from_environ(values)
    assert Settings.from_environ({**values, f"{name}_FILE": ""}) == Settings.from_environ(values)


def test_only_what_may_be_secret_has_a_file() -> None:
    assert [row.variable for row in SETTINGS if row.file_variable] == [
        "CLAIMSMITH_SECRET",
        "CLAIMSMITH_SECRET_PREVIOUS",
        "DATABASE_URL",
        "REDIS_URL",
        "CLAIMSMITH_JWKS_URL",
        "CLAIMSMITH_OIDC_CLIENT_SECRET",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ]
    with pytest.raises(BadSetting, match=r"^CLAIMSMITH_PORT_FILE: there is no such setting"):
        Settings.from_environ({"CLAIMSMITH_PORT_FILE": "/port"})


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "CLAIMSMITH_SECRET_FILE: `{file}`: No such file or directory"),
        (b" \n", "CLAIMSMITH_SECRET_FILE: `{file}`: the file is empty"),
        (b"\xff" * 40, "CLAIMSMITH_SECRET_FILE: `{file}`: not text"),
        (b"short", "CLAIMSMITH_SECRET: shorter than 32 characters; make one with `openssl rand -base64 48`"),
    ],
)
def test_a_file_that_cannot_be_used_is_no_unset_secret(tmp_path: Path, content: bytes | None, line: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSetting) as refused:
        Settings.from_environ({"CLAIMSMITH_SECRET_FILE": str(file)})
    assert str(refused.value) == line.format(file=file)


def test_a_value_has_one_source(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with pytest.raises(BadSetting) as refused:
        Settings.from_environ({"CLAIMSMITH_SECRET": SECRET, "CLAIMSMITH_SECRET_FILE": str(tmp_path / "secret")})
    assert str(refused.value) == "CLAIMSMITH_SECRET_FILE: CLAIMSMITH_SECRET is set as well; set one of them"
