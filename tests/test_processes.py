"""`claimsmith serve --processes N`: one service in several processes, and what becomes of it when one dies."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.processes import NotReady, Processes
from api.settings import Settings
from api.together import added
from engine.live import POLL
from tests.test_lifecycle import PATIENCE, RULE, SECRET, Served, add_rule, all_gone, descendants, login, require_who

N = 3
MARGIN = 3.0  # seconds, on a machine that does other things too


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "data", "--processes", str(N))
    yield served
    if served.process.poll() is None:
        served.process.kill()
    served.process.wait()
    assert "Traceback" not in served.log.read_text()


def services(served: Served) -> dict[int, int]:
    """The process ids of the parts that serve, by their numbers."""
    found = {}
    for pid, command in descendants(served.process.pid).items():
        if match := re.search(r"-m api\.process \d+ (\d+) ", command):
            found[int(match[1])] = pid
    return found


def fresh_login(served: Served) -> dict[str, Any]:
    """On a connection of its own, so that any process may take it."""
    with served.client() as client:
        return login(client)


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


def until(done: Callable[[], object]) -> None:
    """Asks again and again."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def said(served: Served) -> set[Any]:
    """Who or what the rule says, whichever process is asked."""
    return {fresh_login(served)["idToken"].get("https://example.com/who") for _ in range(12)}


def of_all(client: httpx2.Client) -> str:
    """The metrics of all processes. On a busy machine one or the other may not answer in time."""
    end = time.monotonic() + PATIENCE
    while figure(text := client.get("/metrics").text, "claimsmith_processes") != N:
        assert time.monotonic() < end
        time.sleep(0.05)
    return text


def test_they_serve_together_and_end_together(served: Served) -> None:
    served.address()
    assert sorted(services(served)) == [1, 2, 3]
    ready = [line for line in served.lines() if line["event"] == "serving"]
    assert (len(ready), ready[0]["processes"]) == (1, N)
    with served.client() as client:
        add_rule(client)
        until(lambda: said(served) == {"u1"})
        before = figure(of_all(client), "claimsmith_execution_seconds_count")
        for _ in range(30):
            require_who(fresh_login(served))
        text = of_all(client)
        assert figure(text, 'claimsmith_executions_total{decision="allow"}') == before + 30
        assert figure(text, "claimsmith_execution_seconds_count") == before + 30
        own = client.get("/metrics?process=own").text
        assert figure(own, 'claimsmith_executions_total{decision="allow"}') <= before + 30
        until(lambda: client.get("/v1/executions").json()["executions"])  # a record is written after its login
    below = descendants(served.process.pid)
    assert served.stop() == 0
    all_gone(below, within=5)
    assert served.runtime_folders() == []


def test_a_change_is_live_in_all_of_them(served: Served) -> None:
    with served.client() as client:
        add_rule(client)
        rule = client.get("/v1/rules").json()["rules"][0]["id"]
        for number in range(5):
            script = RULE.replace("user.user_id", str(number))
            assert client.patch(f"/v1/rules/{rule}", json={"script": script}).status_code == 200
            time.sleep(POLL)  # by then, unless the machine does other things too
            began = time.monotonic()
            while said(served) != {number}:
                assert time.monotonic() - began < MARGIN


def test_one_that_dies_is_no_outage_and_is_started_again(served: Served) -> None:
    with served.client() as client:
        add_rule(client)
    until(lambda: said(served) == {"u1"})
    dying = services(served)[2]
    os.kill(dying, signal.SIGKILL)
    failed = 0
    began = time.monotonic()
    while time.monotonic() - began < 2.0:
        try:
            require_who(fresh_login(served))
        except httpx2.HTTPError:  # what the dead one had accepted, and not answered
            failed += 1
    assert failed <= 1
    while dying in services(served).values() or len(services(served)) < N:
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.05)
    while not any(line["event"] == "a process was started again" for line in served.lines()):
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.05)
    with served.client() as client:  # the new one may not answer the others yet
        of_all(client)
    assert served.stop() == 0


def test_one_that_is_started_again_puts_in_no_rules(tmp_path: Path) -> None:
    """Those of the folder were for the start: what was deleted since does not come back by an accident."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "who.py").write_text(RULE)
    (folder / "rules.json").write_text(json.dumps({"rules": [{"file": "who.py", "order": 10}]}))
    served = Served(tmp_path / "data", "--processes", "2", "--rules", str(folder))
    try:
        require_who(fresh_login(served))
        with served.client() as client:
            for rule in client.get("/v1/rules").json()["rules"]:
                assert client.delete(f"/v1/rules/{rule['id']}").is_success
        (folder / "rules.json").write_text("nor can it be read any more")
        os.kill(services(served)[1], signal.SIGKILL)
        began = time.monotonic()
        while not any(line["event"] == "a process was started again" for line in served.lines()):
            assert time.monotonic() - began < PATIENCE, served.log.read_text()
            time.sleep(0.05)
        with served.client() as client:
            assert client.get("/v1/rules").json()["rules"] == []
        assert served.stop() == 0
    finally:
        if served.process.poll() is None:
            served.process.kill()
        served.process.wait()


def test_all_end_with_the_one_that_started_them(served: Served) -> None:
    served.address()
    below = descendants(served.process.pid)
    assert len(below) > 2 * N
    served.process.kill()
    served.process.wait()
    all_gone(below, within=20)


def test_a_start_that_fails_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def rule(user, context):\n    import os\n")
    (tmp_path / "rules.json").write_text(json.dumps({"rules": [{"file": "bad.py", "order": 10}]}))
    served = Served(tmp_path / "data", "--processes", "2", "--rules", str(tmp_path))
    assert served.ended() == 2
    lines = [line for line in served.log.read_text().splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert "bad.py:2:" in lines[0]
    assert descendants(served.process.pid) == {}


def test_secrets_in_files_are_those_of_all(tmp_path: Path) -> None:
    environ = {}
    for name, value in {"CLAIMSMITH_SECRET": SECRET, "REDIS_URL": "none"}.items():
        (tmp_path / name).write_text(value)
        environ[f"{name}_FILE"] = str(tmp_path / name)
    served = Served(tmp_path / "data", "--processes", "2", **environ)
    try:
        with served.client() as client:
            add_rule(client)
            require_who(login(client))
        assert len(services(served)) == 2
        for pid in services(served).values():
            assert SECRET not in Path(f"/proc/{pid}/environ").read_text()
    finally:
        assert served.stop() == 0, served.log.read_text()


def test_the_folder_is_one_services(served: Served, tmp_path: Path) -> None:
    served.address()
    other = Served(tmp_path / "data", "--processes", "2")
    assert other.ended() == 2
    assert "is in use by another service" in other.log.read_text()
    assert fresh_login(served)["decision"] == "allow"


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Of which each hangs before it serves."""
    script = tmp_path / "hangs"
    script.write_text("#!/bin/sh\nexec sleep 300\n")
    script.chmod(0o700)
    monkeypatch.setattr("api.processes.sys.executable", str(script))
    settings = Settings.from_environ({"REDIS_URL": "none"}, data=tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Processes(settings, 2, listener, None, False)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.anyio
async def test_one_that_hangs_before_it_serves_is_killed(hanging: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.processes.READY_WITHIN", 0.3)
    with pytest.raises(NotReady) as failed:
        await hanging.run()
    assert failed.value.status == -signal.SIGKILL
    assert "sleep" not in " ".join(descendants(os.getpid()).values())


@pytest.mark.anyio
async def test_a_start_that_hangs_can_be_stopped(hanging: Processes) -> None:
    threads = threading.active_count()
    running = asyncio.create_task(hanging.run())
    while "sleep" not in " ".join(descendants(os.getpid()).values()):
        await asyncio.sleep(0.02)
    hanging.stop()
    await asyncio.wait_for(running, 5)
    assert "sleep" not in " ".join(descendants(os.getpid()).values())
    assert threading.active_count() == threads


@pytest.mark.anyio
async def test_a_start_for_which_there_is_no_process_leaves_nothing_open(
    hanging: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.processes.sys.executable", "/nowhere")
    before = open_descriptors()
    for _ in range(5):
        with pytest.raises(FileNotFoundError):
            await hanging._start(1, {}, Path("/nowhere"), "")
    assert open_descriptors() == before


def test_a_redis_that_is_not_found_is_said_by_all(tmp_path: Path) -> None:
    (tmp_path / "redis-server").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "redis-server").chmod(0o700)
    options = {"CLAIMSMITH_REDIS_SERVER": str(tmp_path / "redis-server")}
    served = Served(tmp_path / "data", "--processes", "2", **options)
    with served.client() as client:
        assert client.get("/readyz").json()["degraded"] == ["redis"]
    assert served.stop() == 0


def test_metrics_are_added_up() -> None:
    one = b'# TYPE a counter\na_total{x="1"} 2\na_total{x="2"} 1\n# TYPE h histogram\nh_bucket{le="1.0"} 1\n'
    one += b'h_bucket{le="+Inf"} 2\nh_count 2\nh_sum 0.5\n'
    other = b'# TYPE a counter\na_total{x="2"} 5\na_total{x="3"} 7\n# TYPE g gauge\ng 3\n'
    text = added([one, other]).decode()
    assert {line for line in text.splitlines() if not line.startswith("#")} == {
        'a_total{x="1"} 2.0', 'a_total{x="2"} 6.0', 'a_total{x="3"} 7.0', 'h_bucket{le="1.0"} 1.0',
        'h_bucket{le="+Inf"} 2.0', "h_count 2.0", "h_sum 0.5", "g 3.0", "claimsmith_processes 2.0",
    }  # fmt: skip
