from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.output import compact, counted, visible
from tests.cli.command import COMMAND, RULE, Terminal, environment


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä 漢 🙂", "plain ä 漢 🙂"),
        ("a\tb", "a\tb"),
        ("a\nb\r\n", "a\\nb\\r\\n"),
        ("\x1b[2J\x9b31m\x07\x7f", "\\x1b[2J\\x9b31m\\x07\\x7f"),
        ("\u202eabc\u2066\u200b\ufeff", "\\u202eabc\\u2066\\u200b\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_values_and_numbers() -> None:
    assert compact({"b": [1, True, None], "a": "ä"}) == '{"a": "ä", "b": [1, true, null]}'
    assert [counted(n, "rule") for n in (0, 1, 2)] == ["0 rules", "1 rule", "2 rules"]


PROGRAM = """
from cli.output import Output
output = Output()
output.table(("name", "value"), [("[bold]a[/bold]", "x" * 300), (("漢字", "red"), "1\\n2"), ("c", "")])
with output.progress("working", 1) as done:
    done()
output.line("[red]ä", (":smile: 漢", "green"))
output.json({"ä": "\\x1b"})
"""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_in_a_pipe_nothing_is_cut_coloured_or_drawn(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment(PYTHONIOENCODING=encoding), capture_output=True, check=True
    )
    lines = done.stdout.decode("utf-8").splitlines()
    wide = "漢字" if encoding == "utf-8" else "\\u6f22\\u5b57"
    assert lines[0] == "name            value"
    assert lines[1] == "[bold]a[/bold]  " + "x" * 300
    assert lines[2] == f"{wide}            1\\n2"
    assert lines[3] == "c"
    assert lines[4] == ("[red]ä:smile: 漢" if encoding == "utf-8" else "[red]\\xe4:smile: \\u6f22")
    assert lines[5:] == ["{", '  "\\u00e4": "\\u001b"', "}"]
    assert done.stderr == b""


def test_help_is_instant(tmp_path: Path) -> None:
    """It loads nothing that a command needs only when it runs."""
    program = "import sys, cli.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = set(done.stdout.split())
    assert {"cli", "typer"} <= loaded
    assert loaded.isdisjoint({"httpx2", "msgspec", "engine", "api", "sandbox", "sqlalchemy", "starlette"})


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("import os\n")
    for words in (["check", "wrong.py"], ["check", "wrong.py", "--json"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*COMMAND, *words], env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path
            )
        assert (done.returncode, done.stderr) == (2, "claimsmith: standard output: no space left on device\n")


def test_ctrl_c_ends_it_without_a_word_too_many(tmp_path: Path) -> None:
    script = "def rule(user, context):\n    sum(range(10 ** 12))\n"
    case = {"name": "c", "user": {}, "context": {}, "expect": {}}
    for name, text, cases in (("quick", RULE, [case]), ("slow", script, [case] * 200)):
        (tmp_path / f"{name}.py").write_text(text)
        (tmp_path / f"{name}.cases.json").write_text(json.dumps({"cases": cases}))
    terminal = Terminal("test", ".", cwd=tmp_path)
    terminal.until("1/2")
    terminal.interrupt()
    assert terminal.ended() == 130
    assert "passed" not in terminal.seen
    assert "Error" not in terminal.seen
    assert "Traceback" not in terminal.seen
