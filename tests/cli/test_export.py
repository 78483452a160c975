"""`claimsmith export` and `import`: out of one service and into another."""

from __future__ import annotations

import hashlib
import http.server
import json
import stat
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.cli.command import RULE, Commands, Done
from tests.test_lifecycle import Served, serving

PHRASE = "correct horse battery staple"
VALUE = "a configured value 1"


@pytest.fixture(scope="module")
def empty() -> Iterator[Served]:
    """Another service, with a secret of its own."""
    with serving() as served:
        yield served
    assert PHRASE not in served.log.read_text()
    assert VALUE not in served.log.read_text()


@pytest.fixture
def there(commands: Commands, empty: Served) -> Commands:
    """The same tenant in the other service, where it is not yet."""
    return Commands(empty.address(), (empty.data / "secret").read_text().strip(), commands.tenant, commands.folder)


@pytest.fixture
def filled(commands: Commands) -> Commands:
    commands.call("POST", "/v1/rules", {"name": "one", "script": RULE})
    commands.call("PUT", "/v1/modules/geo", {"script": "x = 1\n"})
    commands.call("PUT", "/v1/configuration/KEY", {"value": VALUE}, scope="configuration:write")
    body = {"type": "header", "value": VALUE}
    commands.call("PUT", "/v1/issuers/hydra/secrets/a", body, scope="admin")
    return commands


def run(commands: Commands, *words: str, scope: str = "admin", stdin: str = "", **environ: str) -> Done:
    return commands.run(*words, CLAIMSMITH_TOKEN=commands.token(scope), stdin=stdin, **environ)


def export(commands: Commands, *words: str, file: str = "file.jsonl", **how: Any) -> Done:
    (commands.folder / file).unlink(missing_ok=True)
    return run(commands, "export", file, "--tenant", commands.tenant, *words, **how)


def refused(done: Done, said: str) -> None:
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"claimsmith: {said}")
    assert done.err.count("\n") == 1


def test_out_and_in_with_secrets(filled: Commands, there: Commands) -> None:
    tenant = filled.tenant
    done = export(filled, "--with-secrets", stdin=f"{PHRASE}\n")
    assert (done.code, done.err) == (0, "")
    file = filled.folder / "file.jsonl"
    text = file.read_text()
    assert done.out == f"file.jsonl: 1 tenant, with their secrets, {len(text):,} bytes\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert VALUE not in text
    assert PHRASE not in text
    head = json.loads(text.splitlines()[0])
    assert (head["kind"], head["format"], head["tenants"]) == ("export", 1, [tenant])

    dry = run(there, "import", "file.jsonl", "--dry-run", stdin=PHRASE)
    assert (dry.code, dry.out) == (
        0,
        f"{tenant}: as it was, with its history: revision 3 is live\nnothing was changed: so it would be\n",
    )
    assert there.call_status("GET", f"/v1/tenants/{tenant}") == 404
    done = run(there, "import", "file.jsonl", stdin=PHRASE)
    assert (done.code, done.out) == (0, f"{tenant}: as it was, with its history: revision 3 is live\n")
    again = run(there, "import", "file.jsonl", stdin=PHRASE)
    assert (again.code, again.out) == (0, f"{tenant}: is the same already\n")
    # The same export of both, but for the first line.
    (filled.folder / "secret").write_text(PHRASE + "\nmore")
    sections = []
    for one in (filled, there):
        assert export(one, file="plain.jsonl").code == 0
        sections.append((one.folder / "plain.jsonl").read_text().split("\n", 1)[1])
    assert sections[0] == sections[1]
    assert run(there, "import", "file.jsonl", "--passphrase-file", "secret").code == 0
    assert there.live().keys() == {"one"}


def test_what_is_there_and_another(filled: Commands, there: Commands) -> None:
    tenant = filled.tenant
    assert export(filled).code == 0
    done = run(there, "import", "file.jsonl")
    assert done.out.splitlines() == [
        f"{tenant}: as it was, with its history: revision 3 is live",
        "  ! configuration KEY has no value: set it",
        "  ! hook secret hydra/a has no value: set it",
    ]
    there.edit("one", enabled=False)
    there.call("POST", "/v1/rules", {"name": "mine\u202e"[:4], "script": RULE})
    lines = [
        "  ~ order the order of the live rules",
        "  - rule mine",
        "  ~ rule one",
    ]
    done = run(there, "import", "file.jsonl")
    assert (done.code, done.out.splitlines()) == (
        1,
        [
            f"{tenant}: is there already, and another",
            *lines,
            "nothing was imported: these tenants are there, and others; --replace makes them what the file says",
        ],
    )
    assert there.live().keys() == {"one", "mine"}
    as_json = run(there, "import", "file.jsonl", "--json").json
    assert [one["tenant"] for one in as_json["refused"]] == [tenant]
    dry = run(there, "import", "file.jsonl", "--replace", "--dry-run")
    assert dry.out.splitlines()[:4] == [f"{tenant}: 3 differences: revision 6 is live", *lines]
    assert there.live().keys() == {"one", "mine"}
    done = run(there, "import", "file.jsonl", "--replace")
    assert (done.code, done.out.splitlines()[:4]) == (0, dry.out.splitlines()[:4])
    assert there.live()["one"]["enabled"] is True
    assert there.live().keys() == {"one"}
    assert run(there, "import", "file.jsonl", "--json").json["tenants"][0]["outcome"] == "unchanged"


def test_all_tenants_and_one_of_them(filled: Commands, there: Commands) -> None:
    done = run(filled, "export", "all.jsonl", "--all", "--json")
    found = done.json
    assert filled.tenant in found["tenants"]
    assert "default" in found["tenants"]
    assert found["bytes"] == (filled.folder / "all.jsonl").stat().st_size
    only = run(there, "import", "all.jsonl", "--tenant", filled.tenant)
    assert only.out.startswith(f"{filled.tenant}: as it was")
    refused(run(there, "import", "all.jsonl", "--tenant", "nobody"), "all.jsonl: there is no tenant `nobody`; it has ")
    refused(
        run(there, "export", "x.jsonl", "--all", "--tenant", "a"), "--all and --tenant contradict each other: give one"
    )
    every = run(there, "import", "all.jsonl", "--replace", "--json").json["tenants"]
    assert [one["tenant"] for one in every] == found["tenants"]
    assert next(one for one in every if one["tenant"] == filled.tenant)["outcome"] == "unchanged"


def test_passphrases(filled: Commands, there: Commands) -> None:
    refused(export(filled, "--with-secrets", stdin="short\n"), "the passphrase has 5 characters: it has to have 12 to")
    refused(export(filled, "--with-secrets", stdin=""), "the passphrase is empty")
    refused(export(filled, "--with-secrets", "--passphrase-file", "none"), "none: no such file or directory")
    refused(export(filled, "--passphrase-file", "none"), "--passphrase-file is for --with-secrets")
    assert not (filled.folder / "file.jsonl").exists()
    assert export(filled, "--with-secrets", stdin=PHRASE).code == 0
    wrong = run(there, "import", "file.jsonl", stdin="another passphrase")
    refused(wrong, f"tenant `{filled.tenant}`: the passphrase is another one, or the file was changed: its secrets can")
    refused(run(there, "import", "file.jsonl"), "the passphrase is empty")
    assert there.call_status("GET", f"/v1/tenants/{filled.tenant}") == 404
    without = run(there, "import", "file.jsonl", "--without-secrets")
    assert without.out.splitlines()[1:] == [
        "  ! configuration KEY has no value: set it",
        "  ! hook secret hydra/a has no value: set it",
    ]
    # Nobody listens on the way.
    far = run(there, "import", "file.jsonl", "--url", "http://192.0.2.1:8100", stdin=PHRASE)
    refused(far, "http://192.0.2.1:8100: a passphrase is not sent without encryption: use https, or run this where")
    refused(export(filled, "--with-secrets", "--url", "http://claimsmith.example", stdin=PHRASE), "http://claimsmith.")


def test_on_a_terminal_it_asks_twice_and_shows_nothing(filled: Commands, there: Commands) -> None:
    words = ("export", "file.jsonl", "--tenant", filled.tenant, "--with-secrets")
    terminal = filled.terminal(*words, scope="admin")
    terminal.until("Passphrase: ")
    terminal.type(PHRASE + "\n")
    terminal.until("Again: ")
    terminal.type("another one\n")
    assert terminal.ended() == 2
    assert "these are two passphrases" in terminal.seen
    terminal = filled.terminal(*words, scope="admin")
    for prompt in ("Passphrase: ", "Again: "):
        terminal.until(prompt)
        terminal.type(PHRASE + "\n")
    assert terminal.ended() == 0
    assert PHRASE not in terminal.seen
    terminal = there.terminal("import", "file.jsonl", scope="admin")
    terminal.until("Passphrase: ")
    terminal.type(PHRASE + "\n")
    assert terminal.ended() == 0
    assert "as it was, with its history" in terminal.seen


def test_a_file_that_is_there_is_not_overwritten(filled: Commands) -> None:
    file = filled.folder / "file.jsonl"
    file.write_text("mine")
    for words in ((), ("--with-secrets",)):
        done = run(filled, "export", "file.jsonl", *words, stdin=PHRASE)
        refused(done, "file.jsonl: it is there already: give another name, or remove it")
    target = filled.folder / "elsewhere"
    (filled.folder / "link").symlink_to(target)
    refused(run(filled, "export", "link"), "link: it is there already")
    assert file.read_text() == "mine"
    assert not target.exists()
    refused(run(filled, "export", "nowhere/file.jsonl"), "nowhere/file.jsonl: no such file or directory")
    done = run(filled, "export", "x.jsonl", "--tenant", "nobody")
    refused(done, "tenant `nobody` does not exist")
    assert not (filled.folder / "x.jsonl").exists()
    refused(
        run(filled, "export", "x.jsonl", scope="rules:read"), "this needs the scope `admin`, which the token has not"
    )


def test_files_that_are_none(filled: Commands, there: Commands) -> None:
    assert export(filled).code == 0
    whole = (filled.folder / "file.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    name = lines[0].replace(filled.tenant.encode(), b"other")
    head = json.loads(lines[0])
    both = json.dumps(head | {"tenants": [filled.tenant, "more"]}, separators=(",", ":")).encode() + b"\n"
    for text, said in (
        (b"", ": the file is empty"),
        (b"PK\x03\x04", ":1: the file ends here, in the middle of a line"),
        (b"\x1f\x8b" + b"\0" * 100 + b"\n", ":1: this is no export of Claimsmith"),
        (whole[:-1], f":{len(lines)}: the file ends here, in the middle of a line"),
        (
            b"".join(lines[:-1]),
            f": the file ends behind line {len(lines) - 1}, where more has to come: it is not whole",
        ),
        (lines[0], f": the file ends before the tenant `{filled.tenant}`: it is not whole"),
        (both + b"".join(lines[1:]), ": the file ends before the tenant `more`: it is not whole"),
        (name + b"".join(lines[1:]), f":{len(lines)}: the tenant `{filled.tenant}` has ended here, and the first line"),
        (whole + b"".join(lines[1:]), f":{2 * len(lines) - 1}: the tenant `{filled.tenant}` has ended here, and the"),
        (b"".join(lines[1:]) * 2, f":{len(lines)}: something stands behind the end of the section"),
        (whole.replace(b"user_id", b"user_ix", 1), ":5: the SHA-256 is not that of the script"),
        (whole.replace(b'"format":1', b'"format":2', 1), ":1: the export has the format 2: a newer Claimsmith has"),
        (
            whole.replace(b'"enabled":true', b'"enabled":null', 1),
            ":4: Expected `bool`, got `null` - at `$.saved.enabled`",
        ),
        (b"x" * 9_000_000, ":1: longer than 8388608 bytes"),
    ):
        (filled.folder / "bad.jsonl").write_bytes(text)
        refused(run(there, "import", "bad.jsonl"), f"bad.jsonl{said}")
    refused(run(there, "import", "none.jsonl"), "none.jsonl: no such file or directory")
    refused(run(there, "import", "."), ".: is a directory")
    assert there.call_status("GET", f"/v1/tenants/{filled.tenant}") == 404
    # A section alone is a file, too.
    (filled.folder / "section.jsonl").write_bytes(b"".join(lines[1:]))
    assert run(there, "import", "section.jsonl").code == 0


def test_scripts_that_do_not_compile_are_told_by_their_places(filled: Commands, there: Commands) -> None:
    assert export(filled).code == 0
    evil = "def rule(user, context):\n    import os\n"
    sums = [hashlib.sha256(script.encode()).hexdigest().encode() for script in (RULE, evil)]
    lines = (filled.folder / "file.jsonl").read_bytes().splitlines(keepends=True)[1:-1]
    lines = [
        line.replace(sums[0], sums[1]).replace(json.dumps(RULE).encode(), json.dumps(evil).encode()) for line in lines
    ]
    end = {"kind": "end", "lines": len(lines), "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    (filled.folder / "evil.jsonl").write_bytes(b"".join(lines) + json.dumps(end).encode() + b"\n")
    done = run(there, "import", "evil.jsonl")
    assert done.code == 1
    assert done.out.startswith(f"{filled.tenant}/one:2:12: import_not_allowed `os` cannot be imported")
    assert done.out.endswith("\nnothing was imported: these scripts have errors\n")
    assert run(there, "import", "evil.jsonl", "--json").json["problems"][0]["file"] == f"{filled.tenant}/one"
    assert there.call_status("GET", f"/v1/tenants/{filled.tenant}") == 404


def test_what_is_no_service(filled: Commands) -> None:
    """Something else that answers does not become a backup."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"kind":"tenant","format":1,"tenant":"default","created_at":"2026-01-01T00:00:00Z"}\n')

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            done = run(filled, "export", "x.jsonl", "--url", url)
        finally:
            server.shutdown()
            thread.join()
    refused(done, f"{url} has not answered with a whole export: the file ends behind line 1")
    assert not (filled.folder / "x.jsonl").exists()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
