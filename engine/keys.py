"""Every key of the service, derived from one master secret.

A key is derived for one purpose and named by one label (HKDF-SHA256, RFC 5869), so that no value made for one
purpose is accepted for another, and a derived key tells nothing about the secret or about its siblings.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MINIMUM_LENGTH = 32

# Changing a label throws away everything made with its key.
LABELS = {
    "caller-tokens": "signs the tokens of `claimsmith token` (HS256)",
    "compiled-rules": "authenticates compiled rules kept in Redis (HMAC-SHA256)",
    "console-sessions": "encrypts the cookies of the console (Fernet)",
    "configuration": "encrypts configuration values (AES-256-GCM)",
    "hook-calls": "encrypts when issuers' hooks were called, in Redis (AES-256-GCM)",
    "hook-secrets": "encrypts the secrets of issuers' hooks (AES-256-GCM)",
    "kept-values": "encrypts what rules keep in Redis (AES-256-GCM)",
    "record-key": "wraps the key that records are sealed with (RFC 3394)",
    "key-check": "lets the database tell a replica that runs with another secret",
}


class BadSecret(Exception):
    """The master secret cannot be used. The message names the file or the variable and says what to do."""


class Keys:
    """The current master secret and, during a rotation, the previous one; neither appears in `repr`."""

    __slots__ = ("_derived", "_secrets")

    def __init__(self, current: str, previous: str | None = None) -> None:
        """Raises `BadSecret` for a secret shorter than 32 characters."""
        self._secrets = (current,) if previous is None else (current, previous)
        if any(len(secret) < MINIMUM_LENGTH for secret in self._secrets):
            raise BadSecret(f"the master secret is shorter than {MINIMUM_LENGTH} characters")
        self._derived: dict[str, tuple[bytes, ...]] = {}

    def derive(self, label: str) -> bytes:
        """The 32-byte key of `label` from the current secret: what new values are made with.

        Raises `ValueError` for a label that is not in `LABELS`.
        """
        return self.derive_all(label)[0]

    def derive_all(self, label: str) -> tuple[bytes, ...]:
        """The keys of `label`, current secret first, then previous: what existing values are checked with.

        Raises `ValueError` for a label that is not in `LABELS`.
        """
        if label not in LABELS:
            raise ValueError(f"`{label}` is not a key label: add it to LABELS with its purpose")
        if label not in self._derived:
            self._derived[label] = tuple(_hkdf(secret, label) for secret in self._secrets)
        return self._derived[label]

    def __repr__(self) -> str:
        return f"<Keys: {len(self._secrets)} master secret{'s' if len(self._secrets) > 1 else ''}>"

    def __reduce__(self) -> str:
        raise TypeError("keys stay in their process: derive the one key that is needed and send that")


def _hkdf(secret: str, label: str) -> bytes:
    # No salt: RFC 5869 section 3.1 allows that for a secret that is random itself, and replicas must agree.
    info = f"claimsmith/1/{label}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def read_or_make_secret(data: Path) -> str:
    """The master secret of the data folder, made on first use (folder mode 0700, file mode 0600).

    Processes that start at once agree on one secret, and nobody ever reads half of one. Raises `BadSecret`
    when the file is open to others, empty or too short, or cannot be read or made.
    """
    path = data / "secret"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise BadSecret(f"{path}: {reason.lower()}; make the data folder writable or set CLAIMSMITH_SECRET") from exc


def _make(path: Path) -> None:
    draft = path.with_name(f".secret-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A hard link gives a complete file its name or fails: with O_EXCL on the name itself, a second
        # process could read the file between its creation and its content.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise BadSecret(f"{path}: not a regular file; move it away or set CLAIMSMITH_SECRET")
        if state.st_mode & 0o077:
            mode = stat.S_IMODE(state.st_mode)
            raise BadSecret(f"{path}: open to other users (mode {mode:04o}); run `chmod 600 {path}`")
        content = file.read(4096)
    try:
        secret = content.decode().strip()
    except UnicodeDecodeError as exc:
        raise BadSecret(f"{path}: not text; restore it from a backup") from exc
    if not secret:
        raise BadSecret(f"{path}: empty; restore it from a backup, or delete it to make a new secret")
    if len(secret) < MINIMUM_LENGTH:
        raise BadSecret(f"{path}: shorter than {MINIMUM_LENGTH} characters; restore it from a backup")
    return secret
