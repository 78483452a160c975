"""Commands against a service that was made before they were: what it does not know is said, and the rest is done."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.client import Client, Rejected
from cli.kept import NoCasesThere, to_pull
from cli.plan import LiveRule, Service
from cli.refusal import Refused
from tests.cli.command import OTHER, RULE, Commands, Done
from tests.cli.test_client import Answering, answering
from tests.cli.test_push import CHANGED, case_file, cases_of, keep, listing, seen
from tests.servers import TRUST

NOWHERE = "/v1/nowhere"  # what an older service answers for what it does not know, every service answers for this


@pytest.fixture
def older(commands: Commands) -> Iterator[str]:
    """The address of the same service as it was before cases: it passes on every call but those for them."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))) or None
            path = NOWHERE if self.path.endswith("/cases") else self.path
            sent = {name: self.headers[name] for name in ("authorization", "content-type") if name in self.headers}
            with httpx2.Client(base_url=commands.url, trust_env=False, timeout=30, verify=TRUST) as client:
                answer = client.request(self.command, path, content=body, headers=sent)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_PUT = do_POST = do_GET

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pull(commands: Commands, url: str, *words: str) -> Done:
    return commands.run("pull", "rules", *words, CLAIMSMITH_URL=url)


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_pull_goes_on_without_cases(commands: Commands, older: str, force: list[str]) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    commands.call("POST", "/v1/rules", {"name": "second", "script": OTHER})
    keep(commands, "first", "theirs")
    folder = commands.folder / "rules"
    done = pull(commands, older, *force)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "cases were not pulled: the service is older than cases beside rules",
        "+ first",
        "+ second",
        "rules: revision 3 has 2 rules",
    ]
    assert [rule["file"] for rule in listing(folder)] == ["first.py", "second.py"]
    assert ((folder / "first.py").read_text(), (folder / "first.cases.json").exists()) == (RULE, False)
    machine = pull(commands, older, "--json", *force)
    assert (machine.code, machine.json["pulled"], machine.json["cases"]) == (0, True, None)


def test_what_was_known_of_cases_is_not_forgotten(commands: Commands, older: str) -> None:
    """As after a service went back to an earlier version for a day."""
    folder = commands.write("rules", first=RULE)
    (folder / "first.cases.json").write_text(case_file("ada"))
    assert commands.run("push", "rules", "--yes").code == 0
    kept = seen(folder)["cases"]
    (folder / ".claimsmith.json").write_text(json.dumps({**seen(folder), "service": older}))
    commands.edit("first", script=CHANGED)
    assert pull(commands, older).code == 0
    assert (folder / "first.py").read_text() == CHANGED
    assert (folder / "first.cases.json").read_text() == case_file("ada")
    assert (seen(folder)["cases"], kept != {}) == (kept, True)
    (folder / ".claimsmith.json").write_text(json.dumps({**seen(folder), "service": commands.url}))
    keep(commands, "first", "theirs")
    assert "~ cases of first\n" in commands.run("pull", "rules").out
    assert cases_of(commands, "first") == "theirs"


def test_push_says_what_is_in_its_way(commands: Commands, older: str) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes", CLAIMSMITH_URL=older).code == 0
    (folder / "first.cases.json").write_text(case_file("ada"))
    (folder / "first.py").write_text(CHANGED)
    for command in (["push", "--yes"], ["diff"]):
        done = commands.run(*command, "rules", CLAIMSMITH_URL=older)
        assert (done.code, done.out, commands.revision()) == (2, "", 2)
        assert f"{older} is older than cases beside rules, and keeps none: upgrade it, or leave the files" in done.err


@pytest.mark.parametrize(("rule_there", "raised"), [(True, NoCasesThere), (False, Rejected)])
def test_a_rule_that_goes_meanwhile_is_no_older_service(tmp_path: Path, rule_there: bool, raised: type) -> None:
    gone: Answering = (404, {}, b'{"error": "not_found", "error_description": "there is no rule `r1`"}')
    rule = LiveRule(
        id="r1",
        name="first",
        script=RULE,
        version=1,
        sha256="",
        order=10,
        enabled=True,
        on_failure="deny",
        live=True,
        created_at=datetime.now(UTC),
    )
    with answering(gone, (200, {}, b"{}") if rule_there else gone) as (url, asked), Client(url, "t", "") as client:
        with pytest.raises(Refused) as found:
            to_pull(client, tmp_path, Service(1, {"first": rule}, frozenset()), None)
        assert (type(found.value), asked) == (raised, ["GET", "GET"])
