from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import RULE, Commands, Terminal, claimsmith, environment

HINTED = "def rule(user, context):\n    return 1\n"
WRONG = "import os\n\n\ndef rule(user, context):\n    return 1\n"


def test_what_is_wrong_with_its_place(tmp_path: Path) -> None:
    for name, text in (("good", RULE), ("wrong", WRONG), ("hinted", HINTED)):
        (tmp_path / f"{name}.py").write_text(text)
    done = claimsmith("check", "good.py", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "1 rule, no problems\n", "")
    done = claimsmith("check", "wrong.py", "good.py", cwd=tmp_path)
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        "wrong.py:1:8: import_not_allowed `os` cannot be imported: rules have no operating system: secrets and "
        "settings are in `configuration`\n"
        "wrong.py:5:5: return_ignored hint: the value returned is ignored: set claims on `context.idToken` or "
        "`context.accessToken`\n"
    )


def test_hints_do_not_fail_unless_they_shall(tmp_path: Path) -> None:
    (tmp_path / "hinted.py").write_text(HINTED)
    done = claimsmith("check", "hinted.py", cwd=tmp_path)
    assert (done.code, done.out.startswith("hinted.py:2:5: return_ignored hint: ")) == (0, True)
    strict = claimsmith("check", "hinted.py", "--strict", cwd=tmp_path)
    assert (strict.code, strict.out) == (1, done.out)
    machine = claimsmith("check", "hinted.py", "--json", cwd=tmp_path)
    assert (machine.code, machine.json["files"], machine.json["failed"]) == (0, 1, False)
    (problem,) = machine.json["problems"]
    assert (problem.pop("message") in done.out, problem) == (
        True,
        {"file": "hinted.py", "line": 2, "column": 5, "code": "return_ignored", "severity": "hint"},
    )
    assert claimsmith("check", "hinted.py", "--json", "--strict", cwd=tmp_path).json["failed"] is True


def test_folders_are_walked_and_files_of_all_kinds_are_looked_at(tmp_path: Path) -> None:
    for folder in ("rules/deep", "rules/.hidden", "rules/__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "wrong.py").write_text("x = (\n")
    (tmp_path / "rules" / "binary.py").write_bytes(b"# ok\n# \xff\n")
    (tmp_path / "rules" / "long.py").write_bytes(b"#" * 10_000_000)
    (tmp_path / "rules" / "empty.py").write_bytes(b"")
    (tmp_path / "rules" / "nul.py").write_bytes(RULE.encode() + b"\0")
    (tmp_path / "rules" / "notes.txt").write_text("not looked at")
    done = claimsmith("check", "rules", "rules/deep/wrong.py", cwd=tmp_path)
    assert (done.code, done.err) == (1, "")
    found = [line.split(" ")[:2] for line in done.out.splitlines()]
    assert found == [
        ["rules/binary.py:2:3:", "syntax_error"],
        ["rules/deep/wrong.py:1:5:", "syntax_error"],
        ["rules/empty.py:1:1:", "no_rule_function"],
        ["rules/long.py:1:1:", "too_large"],
        ["rules/nul.py:3:1:", "syntax_error"],
    ]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("none.py", "none.py: no such file or folder"),
        ("empty", "empty: no rules (`*.py`) in this folder"),
        ("a\nb.py", "a\\nb.py: no such file or folder"),
    ],
)
def test_paths_that_are_none(tmp_path: Path, path: str, line: str) -> None:
    (tmp_path / "empty").mkdir()
    done = claimsmith("check", path, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (2, "", f"claimsmith: {line}\n")


def test_a_setting_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(RULE)
    done = claimsmith("check", "good.py", cwd=tmp_path, CLAIMSMITH_RULE_MS="fast")
    assert (done.code, done.out) == (2, "")
    assert done.err == "claimsmith: CLAIMSMITH_RULE_MS: `fast` is not a whole number; give one from 1 to 60000\n"


def test_on_a_service_it_is_the_same(commands: Commands) -> None:
    for name, text in (("good", RULE), ("wrong", WRONG), ("hinted", HINTED)):
        (commands.folder / f"{name}.py").write_text(text)
    here = commands.run("check", ".")
    there = commands.run("check", ".", "--url", commands.url)
    assert (here.code, here.out) == (there.code, there.out)
    assert here.code == 1
    refused = commands.run("check", ".", "--url", commands.url, CLAIMSMITH_TOKEN=commands.token("rules:read"))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "claimsmith: this needs the scope `rules:write`, which the token has not: "
        'make one with `claimsmith token --scope "rules:write"`\n'
    )


@pytest.mark.parametrize("command", ["check", "test"])
def test_elsewhere_than_on_linux_it_needs_a_service(commands: Commands, command: str) -> None:
    """The platform is all that is pretended; the service is real."""
    assert commands.run("new", "one").code == 0
    # What libraries ask about the platform, they ask before.
    libraries = "import sys, httpx2, rich.console, typer, typer._adapters"
    program = f"{libraries}; sys.platform = 'darwin'; from cli.main import main; main()"

    def run(**environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, command, "one.py"],
            cwd=commands.folder,
            env=environment(**environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "claimsmith: the sandbox runs on Linux only: give the address of a service by --url\n",
    )
    done = run(**commands.environ())
    assert (done.returncode, done.stderr) == (0, "")


def test_on_a_terminal_it_has_colours_unless_they_are_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)
    seen = {}
    for name, environ in (("colour", {}), ("plain", {"NO_COLOR": "1"})):
        terminal = Terminal("check", "wrong.py", cwd=tmp_path, **environ)
        assert terminal.ended() == 1
        seen[name] = terminal.seen
    assert "\x1b[31mimport_not_allowed\x1b[0m" in seen["colour"]
    assert "wrong.py:1:8: import_not_allowed `os`" in seen["plain"]
