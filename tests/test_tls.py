"""`claimsmith serve` by https."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.test_lifecycle import Served, refused


def certificate(folder: Path, password: bytes | None = None) -> tuple[Path, Path]:
    """One for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "claimsmith")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    return paths


@pytest.mark.parametrize("processes", ["1", "2"])
def test_it_serves_by_https(tmp_path: Path, processes: str) -> None:
    cert, key = certificate(tmp_path)
    environ = {
        "CLAIMSMITH_TLS_CERTIFICATE": str(cert),
        "CLAIMSMITH_TLS_KEY": str(key),
        "CLAIMSMITH_PROCESSES": processes,
    }
    served = Served(tmp_path / "data", REDIS_URL="none", **environ)
    try:
        address = served.address()
        assert address.startswith("https://")
        context = ssl.create_default_context(cafile=str(cert))
        headers = {"Authorization": f"Bearer {served.token()}"}
        with httpx2.Client(base_url=address, verify=context, headers=headers, timeout=10) as client:
            answer = client.post("/v1/execute", json={"user": None, "context": {}})
            assert answer.json()["decision"] == "allow"
            assert f"claimsmith_processes {float(processes)}" in client.get("/metrics").text or processes == "1"
        with pytest.raises(httpx2.HTTPError):
            httpx2.get(address.replace("https", "http") + "/healthz", timeout=5)
        assert served.stop() == 0
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


def test_what_cannot_be_served_by(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    one = Served(tmp_path / "data", CLAIMSMITH_TLS_CERTIFICATE=str(cert))
    assert "CLAIMSMITH_TLS_KEY: a certificate and its key belong together" in refused(one)
    other = Served(tmp_path / "data", CLAIMSMITH_TLS_CERTIFICATE=str(key), CLAIMSMITH_TLS_KEY=str(key))
    assert "CLAIMSMITH_TLS_CERTIFICATE: cannot be used with its key" in refused(other)
    locked = certificate(tmp_path, b"a password")[1]
    third = Served(tmp_path / "data", CLAIMSMITH_TLS_CERTIFICATE=str(cert), CLAIMSMITH_TLS_KEY=str(locked))
    assert "CLAIMSMITH_TLS_CERTIFICATE: cannot be used with its key" in refused(third)
    absent = Served(tmp_path / "data", CLAIMSMITH_TLS_CERTIFICATE=str(tmp_path / "none"), CLAIMSMITH_TLS_KEY=str(key))
    assert "is not a file" in refused(absent)
