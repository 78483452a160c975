"""The passphrase of an export: asked for, or from a file or standard input; never an argument, which stands in the
shell's history and in every list of processes."""

from __future__ import annotations

import getpass
import ipaddress
import sys
from pathlib import Path
from urllib.parse import urlsplit

from cli.refusal import Refused
from engine.exports.passphrase import LONGEST, SHORTEST


def read_passphrase(file: Path | None, *, new: bool) -> str:
    """Without its end of line. Of a new one, which is asked for twice, its length is looked at. Raises `Refused`."""
    if file is None and sys.stdin.isatty():
        text = _asked("Passphrase: ")
        if new and _asked("Again: ") != text:
            raise Refused("these are two passphrases: nothing was exported")
    else:
        text = _read(file)
    if not text:
        raise Refused("the passphrase is empty")
    if new and not SHORTEST <= len(text) <= LONGEST:
        raise Refused(f"the passphrase has {len(text)} characters: it has to have {SHORTEST} to {LONGEST}")
    return text


def require_private(url: str) -> None:
    """A passphrase goes to the service, which alone sees the secrets in clear: nobody may listen on the way. Raises
    `Refused`."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return
    try:
        private = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        private = False
    if not private:
        text = "a passphrase is not sent without encryption: use https, or run this where the service is"
        raise Refused(f"{url}: {text}")


def _asked(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:
        return ""


def _read(file: Path | None) -> str:
    name = "standard input" if file is None else str(file)
    try:
        if file is None:
            content = sys.stdin.buffer.readline(4 * LONGEST + 2)
        else:
            with file.open("rb") as opened:
                content = opened.readline(4 * LONGEST + 2)
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused(f"{name}: the passphrase is no text in UTF-8") from None
    except (OSError, ValueError) as exc:
        raise Refused(f"{name}: {(getattr(exc, 'strerror', None) or 'no path').lower()}") from None
