"""Runs `claimsmith` in a process of its own: piped, or on a terminal."""

from __future__ import annotations

import codecs
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx2

from api.callers import issue_token
from engine.keys import Keys
from tests.servers import TRUST

COMMAND = [sys.executable, "-m", "cli.main"]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
SUPPORT = "executions:read replay rules:read rules:write"

RULE = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = user.user_id\n'
OTHER = 'def rule(user, context):\n    context.idToken["https://example.com/b"] = 1\n'


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**environ: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}


def claimsmith(*words: str, cwd: Path, stdin: str = "", **environ: str) -> Done:
    """Standard input and output are pipes."""
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=cwd,
        env=environment(**environ),
        input=stdin.encode(),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


class Terminal:
    """A command whose standard input, output and errors are one terminal. None outlives its test (`end_all`)."""

    _open: ClassVar[list[Terminal]] = []

    def __init__(self, *words: str, cwd: Path, **environ: str) -> None:
        self._end, other = pty.openpty()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.seen = ""
        self._process = subprocess.Popen(
            [*COMMAND, *words],
            cwd=cwd,
            env=environment(TERM="xterm-256color", COLUMNS="120", **environ),
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)
        self._open.append(self)

    @classmethod
    def end_all(cls) -> None:
        """Those that a test has left behind, as one does that fails."""
        while cls._open:
            left = cls._open.pop()
            os.close(left._end)
            left._process.kill()
            left._process.wait(PATIENCE)

    def until(self, text: str) -> None:
        """Reads until this was printed."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            assert self._read(), self.seen

    def until_match(self, pattern: str) -> str:
        """Reads until what was printed matches; gives the first group."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < end, self.seen
            assert self._read(), self.seen
        return found[1]

    def read_for(self, seconds: float) -> None:
        """Reads what is printed within this time."""
        if select.select([self._end], [], [], seconds)[0]:
            self._read()

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        while self._read():
            pass
        code = self._process.wait(PATIENCE)
        self._open.remove(self)
        os.close(self._end)
        return code

    def _read(self) -> bool:
        assert select.select([self._end], [], [], PATIENCE)[0], self.seen
        try:
            found = os.read(self._end, 65_536)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self.seen = (self.seen + self._decode(found)).replace("\r\n", "\n")  # what is read may end within either
        return bool(found)


class Commands:
    """For one tenant of a service."""

    def __init__(self, url: str, secret: str, tenant: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._keys = Keys(secret)
        self.tenant = tenant

    def token(self, scope: str = "rules:read rules:write rules:deploy", subject: str = "ann") -> str:
        return issue_token(self._keys, scope=scope, tenant=self.tenant, subject=subject, expires_in=600)

    def environ(self, **environ: str) -> dict[str, str]:
        return {"CLAIMSMITH_URL": self.url, "CLAIMSMITH_TOKEN": self.token(), **environ}

    def run(self, *words: str, stdin: str = "", **environ: str) -> Done:
        return claimsmith(*words, cwd=self.folder, stdin=stdin, **self.environ(**environ))

    def support(self, *words: str, **environ: str) -> Done:
        """As those do who look at logins."""
        return self.run(*words, CLAIMSMITH_TOKEN=self.token(SUPPORT), **environ)

    def terminal(self, *words: str, scope: str | None = None) -> Terminal:
        environ = self.environ() if scope is None else self.environ(CLAIMSMITH_TOKEN=self.token(scope))
        return Terminal(*words, cwd=self.folder, **environ)

    def logins(self, *transactions: tuple[Any, Any]) -> list[str]:
        """The ids of the executions, once all of them can be found."""
        headers = {"Authorization": f"Bearer {self.token('execute')}"}
        ids = []
        with httpx2.Client(base_url=self.url, headers=headers, timeout=30, verify=TRUST) as client:
            for user, context in transactions:
                answer = client.post("/v1/execute", json={"user": user, "context": context})
                assert answer.is_success, answer.text
                ids.append(answer.json()["execution_id"])
        self._until(lambda: self._newest(len(ids)) == set(ids))
        return ids

    def await_records(self, count: int) -> None:
        """Until there are so many."""
        self._until(lambda: len(self._newest(count)) == count)

    def _until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)

    def _newest(self, count: int) -> set[str]:
        headers = {"Authorization": f"Bearer {self.token('executions:read')}"}
        response = httpx2.get(f"{self.url}/v1/executions?limit={count}", headers=headers, timeout=30, verify=TRUST)
        assert response.is_success, response.text
        return {execution["execution_id"] for execution in response.json()["executions"]}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        subject: str = "bob",
        scope: str = "rules:read rules:write rules:deploy",
    ) -> Any:
        """As somebody else, without the command line."""
        headers = {"Authorization": f"Bearer {self.token(scope, subject)}"}
        response = httpx2.request(method, self.url + path, json=body, headers=headers, timeout=30, verify=TRUST)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def call_status(self, method: str, path: str) -> int:
        headers = {"Authorization": f"Bearer {self.token('admin')}"}
        return httpx2.request(method, self.url + path, headers=headers, timeout=30, verify=TRUST).status_code

    def live(self) -> dict[str, dict[str, Any]]:
        return {rule["name"]: rule for rule in self.call("GET", "/v1/rules")["rules"] if rule["live"]}

    def revision(self) -> int:
        return int(self.call("GET", "/v1/rules")["revision"])

    def edit(self, name: str, **fields: Any) -> None:
        """Somebody else's edit."""
        self.call("PATCH", f"/v1/rules/{self.live()[name]['id']}", fields)

    def write(self, folder: str, **scripts: str) -> Path:
        """A folder of rules in the order they are given; `_` in a name stands for `-`."""
        path = self.folder / folder
        path.mkdir(exist_ok=True)
        listed = []
        for place, (name, script) in enumerate(scripts.items(), 1):
            file = name.replace("_", "-") + ".py"
            (path / file).write_text(script)
            listed.append({"file": file, "order": 10 * place})
        (path / "rules.json").write_text(json.dumps({"rules": listed}))
        return path
