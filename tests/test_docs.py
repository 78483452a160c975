"""The documentation says everything, and what it shows works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from api.audit import AuditFilters
from api.callers import SCOPES
from api.errors import ERRORS
from api.executions import Page
from api.hook_secrets import ACCEPTED
from api.issuers.kinds import KINDS
from api.issuers.table import ISSUERS
from api.metrics import Metrics
from api.routes import OPEN_ROUTES, ROUTES
from api.settings import SETTINGS
from cli.main import app
from engine.capability import LEFT_OUT
from engine.exports.lines import ExportLine, Line
from engine.folder import read_modules
from engine.impact import Impact, shown_impact
from engine.models import HookSettings, Recording
from engine.redaction import REQUEST_NAMES, SECRET_NAMES
from engine.replay import REMARKS
from engine.store.audit import ACTS
from engine.why import REASONS
from tests.service import running

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text()


def sources(*folders: str) -> str:
    return "\n".join(path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.variable)
def test_every_setting_is_documented_with_its_default(setting) -> None:  # type: ignore[no-untyped-def]
    default = f"`{setting.default}`" if setting.default else ""
    assert f"| `{setting.variable}` | {default} | {setting.help} |" in text("docs/operations.md")
    if setting.file_variable:
        assert f"`{setting.file_variable}`" in text("docs/operations.md")


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: f"{row.method} {row.path}")
def test_every_endpoint_is_documented_with_its_scope(row) -> None:  # type: ignore[no-untyped-def]
    scope = f"`{row.scope}`" if row.scope else "any token"
    assert f"| `{row.method} {row.path}` | {scope} | " in text("docs/api.md")


def test_every_open_endpoint_and_scope_is_documented() -> None:
    for row in OPEN_ROUTES:
        assert f"| `GET {row.path}` | none | " in text("docs/api.md")
    for scope in SCOPES:
        assert f"`{scope}`" in text("docs/api.md")


def test_everything_about_records_is_documented() -> None:
    records = text("docs/records.md")
    for field in msgspec.structs.fields(Recording):
        assert f"| `{field.name}` | " in records
    for member in shown_impact(Impact()):
        assert re.search(rf"^\| [^|]*`{member}`", records, re.MULTILINE)
    for code, meaning in REASONS.items():
        assert f"| `{code}` | {meaning} |" in records
    for code in REMARKS:
        assert f"| `{code}` | " in records
    for name in (*SECRET_NAMES, *REQUEST_NAMES):
        assert f"`{name}`" in records
    for parameter in msgspec.structs.fields(Page):
        assert re.search(rf"^\| [^|]*`{parameter.name}`", records, re.MULTILINE)


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_is_documented_with_its_status(code: str) -> None:
    assert re.search(rf"^\| {ERRORS[code].status} \| [^|]*`{code}`", text("docs/execute.md"), re.MULTILINE)


def test_every_warning_is_documented() -> None:
    codes = set(re.findall(r'(?:_note|\.note|note)\(\s*"([a-z_]+)"', sources("engine")))
    codes |= set(re.findall(r'Notice\(\s*code="([a-z_]+)"', sources("engine")))
    assert len(codes) >= 8
    for code, meaning in LEFT_OUT.items():
        assert f"| `{code}` | {meaning} |" in text("docs/execute.md")
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", text("docs/execute.md"), re.MULTILINE))
    assert codes <= documented


def test_every_code_of_a_problem_or_failure_is_documented() -> None:
    found = set(re.findall(r'"((?:rule|callback|claims|too|compile|worker|execution)_[a-z_]+)",', sources("sandbox")))
    found |= set(re.findall(r'code="([a-z_]+)"', sources("sandbox")))
    found |= set(re.findall(r'\b(?:at|_at_end|problem)\(\s*[^,]+,\s*"([a-z_]+)"', sources("sandbox")))
    found |= set(re.findall(r'code(?:, text)? = "([a-z_]+)"', text("engine/trace.py")))
    codes = {code for code in found if "_" in code and not code.endswith(("_fd", "_ids"))}
    assert len(codes) >= 20
    missing = {code for code in codes if f"`{code}`" not in text("docs/rules.md")}
    assert missing == set()


def test_every_command_is_documented_and_has_help() -> None:
    commands = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    commands += [group.name for group in app.registered_groups if group.name]
    assert commands
    within = [command for group in app.registered_groups for command in group.typer_instance.registered_commands]  # type: ignore[union-attr]
    for command in (*app.registered_commands, *within):
        assert command.callback is not None
        assert command.callback.__doc__
    for name in commands:
        assert f"`claimsmith {name}`" in text("cli/README.md")


@pytest.mark.anyio
async def test_every_metric_is_documented(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        metrics: Metrics = service.service.metrics
        shown = metrics.text(rules=True).decode()
    names = {
        name for name in re.findall(r"^# HELP (claimsmith_\w+) ", shown, re.MULTILINE) if not name.endswith("_created")
    }
    assert len(names) > 10
    for name in names:
        assert f"| `{name}` |" in text("docs/operations.md"), name


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["README.md", "docs/rules.md", "docs/coming-from-auth0.md"])
async def test_rules_in_the_documentation_run(tmp_path: Path, name: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", text(name), re.DOTALL)
    scripts = [script for script in blocks if "def rule" in script]
    modules = read_modules(ROOT / "sample_rules")
    modules |= {found[1]: block for block in blocks if (found := re.match(r"# modules/(\w+)\.py\n", block))}
    assert scripts
    async with running(tmp_path) as service:
        for module, script in modules.items():
            assert await service.authoring.put_module("default", module, script, by="tester")
        for script in scripts:
            problems = [p for p in await service.validity.check(script, None, modules) if p.severity == "error"]
            assert problems == []
            body = {"user": {"user_id": "u", "email": "ada@example.com"}, "context": {}, "script": script}
            answer = (await service.call("POST", "/v1/try", body)).json()
            assert answer["decision"] == "allow"
            assert answer["idToken"] != {}


def test_everything_about_the_audit_log_is_documented() -> None:
    for act, meaning in ACTS.items():
        assert f"| `{act}` | {meaning} |" in text("docs/api.md")
    for parameter in msgspec.structs.fields(AuditFilters):
        assert re.search(rf"^\| [^|]*`{parameter.name}`", text("docs/api.md"), re.MULTILINE)


def test_every_line_of_an_export_is_documented_with_its_fields() -> None:
    for line in (ExportLine, *get_args(Line)):
        row = re.findall(rf"^\| `{line.__struct_config__.tag}` \| (.*) \|$", text("docs/api.md"), re.MULTILINE)[0]
        assert {field.name for field in msgspec.structs.fields(line)} <= set(re.findall(r"`(\w+)`", row)), row


def test_every_kind_of_secret_is_documented_with_its_fields_and_issuers() -> None:
    api = text("docs/api.md")
    for name, kind in KINDS.items():
        row = re.findall(rf"^\| `{name}` \| ([^|]*) \|", api, re.MULTILINE)[0]
        named = {field.name for field in msgspec.structs.fields(kind)}
        assert named <= set(re.findall(r"`(\w+)`", row)), name
    for issuer, kinds in ACCEPTED.items():
        assert f"| `{issuer}` | {', '.join(f'`{kind}`' for kind in kinds)} |" in api


@pytest.mark.anyio
async def test_the_documented_signature_executes(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", text("docs/execute.md"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    body = b'{"user": {"user_id": "u1"}}'
    async with running(tmp_path) as service:
        for secret, status in (("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 200), ("whsec_" + "b3RoZXIt" * 6, 401)):
            if status == 200:
                given = {"type": "standard_webhooks", "value": secret}
                assert (await service.call("PUT", "/v1/issuers/native/secrets/a", given)).status_code == 200
            response = await service.client.post("/v1/execute", content=body, headers=names["signed"](secret, body))
            assert response.status_code == status, response.text


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path}: {target}"


def test_the_readme_names_every_dependency() -> None:
    declared = re.findall(r'^    "([A-Za-z0-9-]+)', text("pyproject.toml").split("[project.scripts]")[0], re.MULTILINE)
    table = text("README.md").split("## Dependencies")[1].lower()
    missing = [name for name in declared if name.lower() not in table and name != "claimsmith"]
    assert missing == []


def test_every_issuer_has_a_page_and_what_it_can_carry_is_said() -> None:
    page = text("docs/issuers/README.md")
    shown = subprocess.run(
        [sys.executable, "-m", "cli.main", "issuers"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert f"```\n{shown}```" in page
    for name, issuer in ISSUERS.items():
        assert f"]({name}.md)" in page
        assert issuer.title in text(f"docs/issuers/{name}.md")
    for setting in msgspec.structs.fields(HookSettings):
        assert f"| `{setting.name}` |" in page
