"""The demo: how it reads a record, and the whole story on a real service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.demo import CLAIM, ENVIRONMENT, ROOT, last_write, pointer

PATH = "/context/idToken/https:~1~1example.com~1permissions"


def write(path: str, line: int, **more: Any) -> dict[str, Any]:
    return {"path": path, "op": "add", "old": None, "new": 1, "line": line} | more


def record(*steps: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"steps": [{"rule": rule, "writes": writes} for rule, writes in steps]}


def test_a_claim_as_a_pointer() -> None:
    assert pointer("context", "idToken", CLAIM) == PATH
    assert pointer("user", "a~b") == "/user/a~0b"


@pytest.mark.parametrize(
    ("writes", "line"),
    [
        ([write(PATH, 4)], 4),
        ([write(PATH, 4), write(PATH, 7)], 7),
        ([write("/context/idToken", 3)], 3),
        ([write(PATH + "/0", 9)], 9),
        ([write(PATH + "-of-others", 4), write("/user/permissions", 5)], None),
        ([write(PATH, 4, rolled_back=True)], None),
        ([], None),
    ],
)
def test_the_last_write_is_where_a_claim_is_from(writes: list[dict[str, Any]], line: int | None) -> None:
    expected = None if line is None else ("r", line)
    assert last_write(record(("first", []), ("r", writes)), PATH) == expected


def test_the_story() -> None:
    demo = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.demo"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (demo.returncode, demo.stderr) == (0, "")
    assert "\x1b" not in demo.stdout
    rules = ROOT / "sample_rules"
    claim_line = 1 + _line(rules / "permissions-claim.py", "context.idToken[CLAIM]")
    user_line = 1 + _line(rules / "authorization-extension.py", "user.permissions =")
    words = " ".join(demo.stdout.split())
    assert f'{CLAIM} ["read:articles", "write:articles"] rule permissions-claim, line {claim_line}' in words
    assert 'sub "demo|ada" issuer' in words
    assert f"rule `permissions-claim` sets it in line {claim_line}, and is disabled: enable it" in words
    assert f"`user.permissions` was set by rule `authorization-extension` in line {user_line}" in words
    assert f"no rule set `{CLAIM}` on `context.idToken` in this login" in words
    assert f'{CLAIM} is back: ["read:articles", "write:articles"]' in words


def _line(file: Path, start: str) -> int:
    lines = file.read_text().splitlines()
    return next(index for index, line in enumerate(lines) if line.strip().startswith(start))
