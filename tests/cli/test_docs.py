"""What docs/cli.md shows happens, command by command."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.command import ROOT, SUPPORT, Commands, environment

DOCS = (ROOT / "docs" / "cli.md").read_text()
VARYING = (
    (r"\b[\d,]+ bytes", "1,000 bytes"),
    (r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8100"),
    (r"\b\d+\.\d(?= ms|\n)", "0.0"),
    (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "01M8DZJ3X896CT4KHT6M79X7TC"),
    (r"\d{4}-\d\d-\d\dT\S+Z", "2026-11-27T00:00:00Z"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-11-27 00:00:00Z"),
)


def steady(text: str) -> str:
    for pattern, same in VARYING:
        text = re.sub(pattern, same, text)
    return text


def test_the_examples_do_what_they_show(commands: Commands) -> None:
    blocks = re.findall(r"```console\n(.*?)```", DOCS, re.DOTALL)
    examples = [example for block in blocks for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    assert len(examples) >= 12
    scopes = f"{SUPPORT} rules:deploy configuration:write"
    tokens = {
        "CLAIMSMITH_TOKEN": commands.token(scopes),
        "BOBS_TOKEN": commands.token(subject="bob"),
        "ISSUERS_TOKEN": commands.token("execute"),
        "ADMIN_TOKEN": commands.token("admin", subject="root"),
    }
    environ = environment(**commands.environ(**tokens))
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    for example in examples:
        line, _, shown = example.partition("\n")
        command, _, code = line.partition("  # exit code ")
        if live := commands.live():
            environ["RULE_ID"] = live["department"]["id"]
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=commands.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        if "/v1/execute" in command:
            commands.await_records(1)
        assert (done.returncode, steady(done.stdout)) == (int(code or 0), steady(shown)), line


def test_the_step_of_ci_does_what_it_shows(commands: Commands) -> None:
    step = re.search(r"## Rules in git\n\n```\n(.*?)```", DOCS, re.DOTALL)
    assert step is not None
    assert commands.run("pull", "rules").code == 0
    commands.run("new", "one", "--folder", "rules")
    (commands.folder / "rules" / "rules.json").write_text('{"rules": [{"file": "one.py", "order": 1}]}')
    environ = environment(**commands.environ())
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    subprocess.run(["bash", "-ec", step[1]], cwd=commands.folder, env=environ, check=True, timeout=120)
    assert list(commands.live()) == ["one"]
    assert (commands.folder / "results.xml").exists()
