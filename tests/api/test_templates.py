"""The gallery over HTTP: every rule of it, as its file says, and nothing else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.cases import kept_cases
from tests.service import Running, running

pytestmark = pytest.mark.anyio

GALLERY = Path(__file__).parent.parent.parent / "sample_rules" / "gallery"
NAMES = sorted(path.stem for path in GALLERY.glob("*.py"))


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("templates")) as service:
        yield service


async def get(service: Running, path: str) -> Any:
    response = await service.call("GET", path, scope="rules:read")
    assert response.status_code == 200, response.text
    return response.json()


async def test_all_of_them_are_listed(service: Running) -> None:
    listed = await get(service, "/v1/templates")
    readme = (GALLERY / "README.md").read_text()
    assert listed["categories"] == re.findall(r"^## (.+)$", readme, re.MULTILINE)
    assert sorted(one["name"] for one in listed["templates"]) == NAMES
    assert len(NAMES) == 72
    assert {one["category"] for one in listed["templates"]} == {*listed["categories"]}
    assert all(one["has_cases"] for one in listed["templates"])
    by_name = {one["name"]: one for one in listed["templates"]}
    assert by_name["slack"] == {
        "name": "slack",
        "title": "A message to Slack about a new user",
        "description": by_name["slack"]["description"],
        "category": "Telling other services",
        "configuration": ["SLACK_HOOK_URL"],
        "on_failure": "skip",
        "has_cases": True,
    }
    assert by_name["email-verified"]["on_failure"] == "deny"
    assert by_name["duo-multifactor"]["configuration"] == ["DUO_HOST", "DUO_IKEY", "DUO_SKEY"]


async def test_what_one_is_for_stands_in_its_file_and_in_the_readme(service: Running) -> None:
    """Read as Python reads it, which the service does not."""
    readme = (GALLERY / "README.md").read_text()
    for one in (await get(service, "/v1/templates"))["templates"]:
        docstring = ast.get_docstring(ast.parse((GALLERY / f"{one['name']}.py").read_text()))
        assert docstring == f"{one['title']}\n\n{one['description']}".strip()
        assert f"\n| {one['name']} | {one['title']} |" in readme


@pytest.mark.parametrize("name", ["slack", "get-getIP", "splunk-HEC-track-event", "test-require"])
async def test_one_with_its_script_and_cases(service: Running, name: str) -> None:
    found = await get(service, f"/v1/templates/{name}")
    assert found["script"] == (GALLERY / f"{name}.py").read_text()
    assert found["cases"] == json.loads((GALLERY / f"{name}.cases.json").read_text())["cases"]
    body = {"script": found["script"], "name": name, "cases": found["cases"]}
    ran = await service.call("POST", "/v1/cases/run", body)
    assert (ran.json()["failed"], ran.json()["passed"]) == (0, len(found["cases"]))


async def test_all_of_them_can_be_kept_with_their_cases() -> None:
    for name in NAMES:
        assert kept_cases((GALLERY / f"{name}.cases.json").read_bytes()).cases


@pytest.mark.parametrize("name", ["other", "..", "README", "rules", "slack.py", "..%2Fadd-country", "%00", "x" * 300])
async def test_there_are_no_others(service: Running, name: str) -> None:
    response = await service.call("GET", f"/v1/templates/{name}", scope="rules:read")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_no_script_is_compiled_here() -> None:
    """Nor imported: what is read is text."""
    script = """
import sys
import engine.templates

def refuse(event, given):
    if event == "compile":
        assert "def rule" not in str(given[0]), "compiled"
    assert event != "exec" or "sample_rules" not in given[0].co_filename, "run"

sys.addaudithook(refuse)
assert len(engine.templates.templates()) == 72
assert not [name for name in sys.modules if name == "RestrictedPython" or name.startswith("sample_rules")]
try:
    compile("def rule(user, context): pass", "x", "exec")
except AssertionError:
    print("watched")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "watched\n"), ended.stderr
