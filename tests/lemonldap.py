"""LemonLDAP::NG's portal for tests: the distribution's packages as they are, from where `.ci/lemonldap` has unpacked
them or where they are installed. Where they are not, tests that need them are skipped, and say so in one line; with
`REQUIRE_LEMONLDAP` they fail, so that CI runs all of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
MODULE = "usr/share/perl5/Lemonldap/NG/Portal/Issuer/OpenIDConnect.pm"
UNPACKED, INSTALLED = ROOT / ".lemonldap", Path("/")
FOLDER = next((folder for folder in (UNPACKED, INSTALLED) if (folder / MODULE).exists()), None)
REQUIRED = bool(os.environ.get("REQUIRE_LEMONLDAP"))
WITHOUT = "LemonLDAP::NG is not installed; .ci/lemonldap unpacks it for the tests"

PSGI = "use Lemonldap::NG::Portal; Lemonldap::NG::Portal->run({});\n"
# Its own draws pictures, with libraries that a portal without one does not need.
CAPTCHA = "package NoCaptcha; use Mouse; extends 'Lemonldap::NG::Portal::Main::Plugin'; sub init { 1 } 1;\n"
INI = """
[all]
logLevel = notice
[configuration]
type = File
dirName = {folder}
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'configuration', 'cache_root' => '{folder}/cache' }}
[portal]
templateDir = {packages}/usr/share/lemonldap-ng/portal/templates
staticPrefix = /static
languages = en
{more}
"""


def needed() -> None:
    """Leave out a module whose tests need a portal, where there can be none. A mark would name each of them."""
    if FOLDER is None and not REQUIRED:
        pytest.skip(WITHOUT, allow_module_level=True)


@contextlib.contextmanager
def portal(
    folder: Path, ini: str, clients: dict[str, dict[str, Any]], claims: dict[str, str], **more: Any
) -> Iterator[str]:
    """The address of a running portal, an OpenID Provider, with the people of its demonstration (dwho, rtyler, msmith;
    passwords are the names) and these lines among its own. `clients` are options of relying parties by their names,
    `claims` what is exported to each of them, and there can be `more` to configure. What it prints is in
    `folder / "log"`."""
    if FOLDER is None:
        pytest.fail(WITHOUT, pytrace=False)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    for name in ("sessions/lock", "lasting/lock", "cache", "perl"):
        (folder / name).mkdir(parents=True)
    (folder / "lmConf-1.json").write_text(json.dumps(_configuration(folder, url, clients, claims) | more))
    (folder / "lemonldap-ng.ini").write_text(INI.format(folder=folder, packages=FOLDER, more=ini))
    (folder / "portal.psgi").write_text(PSGI)
    (folder / "perl" / "NoCaptcha.pm").write_text(CAPTCHA)
    log = folder / "log"
    command = ["perl", str(FOLDER / "usr/bin/plackup"), "--server", "HTTP::Server::PSGI", "--env", "deployment"]
    command += ["--host", "127.0.0.1", "--port", str(port), str(folder / "portal.psgi")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=_environment(folder), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_for(url, process, log)
        yield url
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(10)


def _environment(folder: Path) -> dict[str, str]:
    assert FOLDER is not None
    libraries = [folder / "perl", ROOT / "examples" / "lemonldap"]
    shared: list[Path] = []
    if FOLDER == UNPACKED:
        libraries += [FOLDER / "usr/share/perl5", *FOLDER.glob("usr/lib/*/perl5/5*")]
        libraries += [*FOLDER.glob("usr/share/perl/5*"), *FOLDER.glob("usr/lib/*/perl/5*")]
        shared = list(FOLDER.glob("usr/lib/*-linux-gnu"))
    return {
        "PATH": os.environ["PATH"],
        "PERL5LIB": ":".join(map(str, libraries)),
        "LD_LIBRARY_PATH": ":".join(map(str, shared)),
        "LLNG_DEFAULTCONFFILE": str(folder / "lemonldap-ng.ini"),
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(httpx2.TransportError):
            response = httpx2.get(f"{url}/.well-known/openid-configuration", trust_env=False, timeout=20)
            assert response.status_code == 200, log.read_text()
            return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _configuration(
    folder: Path, url: str, clients: dict[str, dict[str, Any]], claims: dict[str, str]
) -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    options = {
        "ClientID": "",
        "BypassConsent": 1,
        "IDTokenSignAlg": "RS256",
        "IDTokenForceClaims": 1,
        "AccessTokenJWT": 1,
        "AccessTokenClaims": 1,
        "RefreshToken": 1,
        "AllowOffline": 1,
        "AllowPasswordGrant": 1,
        "AllowClientCredentialsGrant": 1,
    }
    return {
        "cfgNum": 1,
        "cfgDate": 1,
        "portal": f"{url}/",
        "domain": "127.0.0.1",
        "cookieName": "lemonldap",
        "securedCookie": 0,
        "captcha": "NoCaptcha",
        "requireToken": 0,
        "authentication": "Demo",
        "userDB": "Same",
        "passwordDB": "Null",
        "registerDB": "Null",
        "portalDisplayRegister": 0,
        "portalDisplayResetPassword": 0,
        "demoExportedVars": {"cn": "cn", "mail": "mail"},
        "whatToTrace": "_whatToTrace",
        "macros": {"_whatToTrace": "lc($_user)"},
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": {"Directory": f"{folder}/sessions", "LockDirectory": f"{folder}/sessions/lock"},
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": {"Directory": f"{folder}/lasting", "LockDirectory": f"{folder}/lasting/lock"},
        "localSessionStorage": "Cache::FileCache",
        "localSessionStorageOptions": {"namespace": "sessions", "cache_root": f"{folder}/cache"},
        "locationRules": {},
        "exportedHeaders": {},
        "groups": {},
        "exportedVars": {},
        "applicationList": {},
        "issuerDBOpenIDConnectActivation": 1,
        "oidcServiceMetaDataIssuer": url,
        "oidcServiceAllowImplicitFlow": 1,
        "oidcServiceIgnoreScopeForClaims": 1,
        "oidcServicePrivateKeySig": private,
        "oidcServicePublicKeySig": public,
        "oidcServiceKeyIdSig": "first",
        "oidcRPMetaDataOptions": {
            name: {f"oidcRPMetaDataOptions{option}": value for option, value in (options | given).items()}
            for name, given in clients.items()
        },
        "oidcRPMetaDataExportedVars": dict.fromkeys(clients, claims),
    }
