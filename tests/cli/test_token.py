from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from api.callers import SCOPES
from cli.token import BadDuration, read_duration
from engine.keys import Keys


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_prints_a_token_and_nothing_else(tmp_path: Path) -> None:
    done = run("token", "--scope", "execute  rules:read execute", "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    secret = (tmp_path / "data" / "secret").read_text().strip()
    claims = jwt.decode(done.stdout.strip(), Keys(secret).derive("caller-tokens"), ["HS256"])
    assert (claims["scope"], claims["tenant"], claims["sub"]) == ("execute rules:read", "default", "cli")
    assert claims["exp"] - claims["iat"] == 3_600
    assert abs(claims["iat"] - time.time()) < 60


def test_the_secret_of_the_environment_needs_no_data_folder(tmp_path: Path) -> None:
    secret = "e" * 40
    words = ("--tenant", "acme", "--subject", "ci", "--expires", "7d")
    done = run("token", "--scope", "admin", *words, CLAIMSMITH_SECRET=secret, CLAIMSMITH_DATA=str(tmp_path / "no"))
    claims = jwt.decode(done.stdout.strip(), Keys(secret).derive("caller-tokens"), ["HS256"])
    assert (claims["tenant"], claims["sub"], claims["exp"] - claims["iat"]) == ("acme", "ci", 604_800)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("words", "environ", "line"),
    [
        (
            ["--scope", "execute rule:read"],
            {},
            f"claimsmith: unknown scope `rule:read`; known are {', '.join(SCOPES)}\n",
        ),
        (["--scope", " "], {}, f"claimsmith: no scope; known are {', '.join(SCOPES)}\n"),
        (
            ["--scope", "execute", "--tenant", "Acme"],
            {},
            "claimsmith: `Acme` is not a tenant name; give one that matches `[a-z0-9][a-z0-9_-]{0,62}`\n",
        ),
        (
            ["--scope", "execute", "--expires", "1y"],
            {},
            "claimsmith: `1y` is not a duration; give one like 30s, 15m, 1h or 7d, at most 3650d\n",
        ),
        (
            ["--scope", "execute"],
            {"DATABASE_URL": "postgresql://db/claims"},
            "claimsmith: CLAIMSMITH_SECRET: required with DATABASE_URL: all replicas share one secret\n",
        ),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, words: list[str], environ: dict[str, str], line: str) -> None:
    done = run("token", *words, CLAIMSMITH_DATA=str(tmp_path), **environ)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_serve_refuses_a_bad_setting_with_one_clear_line() -> None:
    done = run("serve", "--port", "99999")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("claimsmith: CLAIMSMITH_PORT: `99999` is out of range; give a number from 0 to 65535\n")


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3_600), ("7d", 604_800)])
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1h", "1", "h", "1.5h", "1h ", "١h", "99999d", "1h30m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadDuration, match="is not a duration"):
        read_duration(text)
