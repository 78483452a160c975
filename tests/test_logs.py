"""Log lines for machines: each is one JSON object, and those about a login can be found by it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_lifecycle import Served, all_gone, descendants

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NAMED = {"X-Request-ID": 'r-"1"', "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
JSON = {"Content-Type": "application/json"}
RULES = {
    "raises": "    if user.user_id == 'raises':\n        raise ValueError('one\\nline')\n",
    "hangs": "    if user.user_id == 'hangs':\n        sum(range(10**12))\n",
    "denies": "    if user.user_id == 'denies':\n        raise UnauthorizedError('not\\nyou')\n",
}

# Whatever a library says, and however: by structlog or logging, with an exception, as a warning.
WORST = """
import logging, warnings
import structlog
from api.logs import set_up
from api.settings import Settings
set_up(Settings.from_environ({"CLAIMSMITH_LOG_FORMAT": "json"}))
secret = "a-local-" + "secret"
try:
    raise ValueError("two\\nlines")
except ValueError:
    structlog.get_logger("a").exception("by structlog", value=object(), odd="\\ud800\\u2028")
    logging.getLogger("b").exception("by %s", "logging")
warnings.warn("deprecated\\nat once")
"""


def read(log: str) -> list[dict[str, Any]]:
    """Every line, which has what every line has."""
    lines = [json.loads(line) for line in log.splitlines()]
    for line in lines:
        assert isinstance(line["event"], str)
        assert line["level"] in ("debug", "info", "warning", "error", "critical")
        assert line["timestamp"].endswith("Z")
    return lines


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "data", CLAIMSMITH_LOG_LEVEL="debug")
    yield served
    if served.process.poll() is None:
        served.process.kill()
    served.process.wait()


def test_every_line_is_json_and_those_of_a_login_carry_its_names(served: Served) -> None:
    served.address()
    with served.client() as client:
        for name, body in RULES.items():
            script = f"def rule(user, context):\n{body}    return\n"
            assert client.post("/v1/rules", json={"name": name, "script": script}).status_code == 201
        ids: dict[str, str] = {}
        for user in ("passes", *RULES):
            response = client.post("/v1/execute", json={"user": {"user_id": user}}, headers=NAMED)
            assert response.status_code == 200
            ids[user] = response.json()["execution_id"]
        unnamed = client.post("/v1/execute", json={"user": {"user_id": "denies"}}).json()["execution_id"]
        assert client.post("/v1/execute", content=b"{", headers=NAMED | JSON).status_code == 400
        client.post("/v1/hooks/hydra/default", content=b"\n", headers=NAMED | JSON)
    below = descendants(served.process.pid)
    assert served.stop() == 0
    all_gone(below, within=5)
    lines = read(served.log.read_text())
    for user, execution in ids.items():
        found = [line for line in lines if line.get("execution_id") == execution]
        assert [line["event"] for line in found] == {
            "passes": ["decided"],
            "raises": ["rule failed", "denied"],
            "hangs": ["rule failed", "denied"],
            "denies": ["denied"],
        }[user]
        for line in found:
            assert (line["tenant"], line["request_id"], line["trace_id"]) == ("default", 'r-"1"', TRACE)
    (line,) = [line for line in lines if line.get("execution_id") == unnamed]
    assert line["tenant"] == "default"
    assert not {"request_id", "trace_id"} & line.keys()
    for event in ("request refused", "a hook's call is not known to be the issuer's"):
        (line,) = [line for line in lines if line["event"] == event]
        assert (line["request_id"], line["trace_id"]) == ('r-"1"', TRACE)


def test_exceptions_and_warnings_are_one_line_each_and_show_no_variables() -> None:
    done = subprocess.run([sys.executable, "-c", WORST], capture_output=True, text=True, timeout=60, check=True)
    one, two, three = read(done.stderr)
    assert (one["event"], two["event"]) == ("by structlog", "by logging")
    for line in (one, two):
        assert line["exception"].startswith("Traceback")
        assert line["exception"].endswith("ValueError: two\nlines")
    assert "deprecated\nat once" in three["event"]
    assert "a-local-secret" not in done.stderr
