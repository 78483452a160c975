"""Tenants in the console: made, set, carried away as a file and back, ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect
from playwright.sync_api import Page, expect

from api.console import tenant_settings
from api.console.differences import flat
from engine.models import HookSettings, TenantSettings
from tests.console.conftest import SCHEMES, PageOf, require_accessible
from tests.console.site import Site

SCRIPT = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = "<b>"\n'
SECRET = "correct-horse-battery-staple"


def csrf(page: Page) -> str:
    return str(page.evaluate("document.body.dataset.csrf"))


# The table of fields.


def kinds(type_: Any, above: str = "") -> dict[str, inspect.Type]:
    """The types of all settings by dotted names, but those of hooks, which have names of their own."""
    found: dict[str, inspect.Type] = {}
    for field in type_.fields:
        if isinstance(field.type, inspect.StructType):
            found |= kinds(field.type, f"{above}{field.name}.")
        elif not isinstance(field.type, inspect.DictType):
            found[above + field.name] = field.type
    return found


OF_KIND: dict[str, set[Any]] = {
    "switch": {inspect.BoolType},
    "choice": {inspect.LiteralType},
    "number": {inspect.IntType, inspect.FloatType},
    "lines": {inspect.VarTupleType},
    "own lines": {inspect.VarTupleType},
}


@pytest.mark.parametrize(
    ("fields", "struct"), [(tenant_settings.FIELDS, TenantSettings), (tenant_settings.HOOK_FIELDS, HookSettings)]
)
def test_the_form_has_every_setting(fields: tuple[tenant_settings.Field, ...], struct: type) -> None:
    settings = kinds(inspect.type_info(struct))
    assert {field.path for field in fields} == set(settings)
    for field in fields:
        types = getattr(settings[field.path], "types", (settings[field.path],))
        wanted = {type(one) for one in types} - {inspect.NoneType}
        assert wanted <= OF_KIND[field.kind], field.path
        assert (field.kind == "own lines") == (inspect.VarTupleType in wanted and len(types) == 2)
        if field.kind == "choice":
            (literal,) = [one for one in types if isinstance(one, inspect.LiteralType)]
            assert {given for given, _ in field.choices} - {""} == set(literal.values)


def test_hooks_are_the_only_settings_with_names_of_their_own() -> None:
    settings: Any = inspect.type_info(TenantSettings)
    assert [field.name for field in settings.fields if isinstance(field.type, inspect.DictType)] == ["hooks"]


SEEN = flat(
    {
        "strict_claims": False,
        "allowed_hosts": ["a.example.com"],
        "hooks": {"hydra": {"deadline_ms": 900}},
        "recording": {"share": 1.0, "days": 30, "redact": None, "drop": []},
    }
)


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ({"strict_claims": False, "allowed_hosts": ["a.example.com"], "recording.share": 1}, {}),
        ({"strict_claims": True}, {"strict_claims": True}),
        ({"recording.redact": []}, {"recording": {"redact": []}}),
        ({"recording.redact": None}, {}),
        ({"recording.share": 0}, {"recording": {"share": 0}}),
        ({"recording.days": None}, {"recording": {"days": None}}),
    ],
)
def test_what_was_changed_is_the_patch(wanted: dict[str, Any], made: dict[str, Any]) -> None:
    assert tenant_settings.patch(SEEN, wanted, []) == made


@pytest.mark.parametrize(
    ("deadline", "claims", "made"),
    [
        (900, False, {}),
        (800, False, {"hooks": {"hydra": {"deadline_ms": 800}}}),
        (900, True, {"hooks": {"hydra": {"id_token_claims": True}}}),
        (None, False, {"hooks": {"hydra": None}}),
        (None, True, {"hooks": {"hydra": {"deadline_ms": None, "id_token_claims": True}}}),
    ],
)
def test_a_hook_without_settings_is_taken_out(deadline: int | None, claims: bool, made: dict[str, Any]) -> None:
    wanted = {
        "hooks.hydra.deadline_ms": deadline,
        "hooks.hydra.id_token_claims": claims,
        "hooks.hydra.version": None,
    }
    assert tenant_settings.patch(SEEN, wanted, ["hydra"]) == made


# The screens.


def test_one_is_made_and_gone_to(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/tenants")
    name = f"{site.tenant}-new"
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("status").first).to_contain_text(f"The tenant {name} is made.")
    page.get_by_role("link", name=f"Switch to {name}").click()
    expect(page).to_have_url(f"{site.url}/console/t/{name}/rules")


@pytest.mark.parametrize(("name", "said"), [("<b>", "is not a tenant name"), ("default", "already")])
def test_names_that_cannot_be_had(page_of: PageOf, site: Site, name: str, said: str) -> None:
    site.call("PUT", "/v1/tenants/default")
    page = page_of()
    page.goto(f"{site.home}/tenants")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make").click()
    expect(page.locator("#wrong")).to_contain_text(said)
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)


def test_settings_are_changed(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/tenants/{site.tenant}/settings")
    page.get_by_label("Strict claims").check()
    page.get_by_label("Hosts that rules may call").fill("a.example.com\n*.example.org\n")
    page.get_by_label("Days").fill("7")
    page.locator("summary", has_text="hydra").click()
    page.locator("#hooks-hydra-deadline_ms").fill("700")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("The settings are changed")
    settings = site.call("GET", f"/v1/tenants/{site.tenant}/settings")
    assert settings["strict_claims"] is True
    assert settings["allowed_hosts"] == ["a.example.com", "*.example.org"]
    assert settings["recording"]["days"] == 7
    assert settings["recording"]["redact"] is None
    assert settings["hooks"] == {"hydra": {"deadline_ms": 700}}
    page.locator("#hooks-hydra-deadline_ms").fill("")
    page.get_by_label("Days").fill("")
    with page.expect_navigation():  # the page before says the same
        page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("The settings are changed")
    settings = site.call("GET", f"/v1/tenants/{site.tenant}/settings")
    assert (settings["hooks"], settings["recording"]["days"]) == ({}, 30)


def test_what_somebody_else_has_changed_stays(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/tenants/{site.tenant}/settings")
    site.call("PATCH", f"/v1/tenants/{site.tenant}/settings", {"scope_changes": True})
    page.get_by_label("Strict claims").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("The settings are changed")
    settings = site.call("GET", f"/v1/tenants/{site.tenant}/settings")
    assert (settings["strict_claims"], settings["scope_changes"]) == (True, True)


@pytest.mark.parametrize(
    ("label", "typed", "said"),
    [("Days", "many", "recording.days"), ("Hosts that rules may call", "<b>", "allowed_hosts"), ("Days", "0", "days")],
)
def test_what_cannot_be_set_is_said_and_kept(page_of: PageOf, site: Site, label: str, typed: str, said: str) -> None:
    page = page_of()
    page.goto(f"{site.home}/tenants/{site.tenant}/settings")
    page.get_by_label("Strict claims").check()
    page.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#wrong")).to_contain_text(said)
    expect(page.get_by_label(label)).to_have_value(typed)
    expect(page.get_by_label("Strict claims")).to_be_checked()
    require_accessible(page)
    page.get_by_label(label).fill("" if label == "Days" else "a.example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("The settings are changed")
    assert site.call("GET", f"/v1/tenants/{site.tenant}/settings")["strict_claims"] is True


def test_one_is_ended_by_its_name(page_of: PageOf, site: Site) -> None:
    name = f"{site.tenant}-old"
    site.call("PUT", f"/v1/tenants/{name}")
    page = page_of()
    page.goto(f"{site.home}/tenants/{name}/settings")
    page.get_by_label(f"Type {name} to end it").fill(site.tenant)
    page.get_by_role("button", name="End the tenant").click()
    expect(page.locator("#wrong")).to_contain_text("Nothing was changed")
    page.get_by_label(f"Type {name} to end it").fill(name)
    page.get_by_role("button", name="End the tenant").click()
    expect(page.get_by_role("status").first).to_contain_text(f"The tenant {name} has ended")
    assert name not in [one["id"] for one in site.call("GET", "/v1/tenants")["tenants"]]


def exported(page: Page, site: Site, tmp_path: Path, passphrase: str = "") -> Path:
    page.goto(f"{site.home}/tenants/{site.tenant}/settings")
    page.get_by_label("Passphrase for the secrets").fill(passphrase)
    page.get_by_label("The same again").fill(passphrase)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == f"{site.tenant}.jsonl"
    path = tmp_path / "export.jsonl"
    download.value.save_as(path)
    return path


def test_out_and_back(page_of: PageOf, site: Site, tmp_path: Path) -> None:
    rule = site.add("first", SCRIPT)
    site.call("PUT", "/v1/configuration/KEY", {"value": SECRET})
    page = page_of()
    path = exported(page, site, tmp_path)
    assert SECRET not in path.read_text()
    assert json.loads(path.read_text().splitlines()[0])["tenant"] == site.tenant
    site.call("PATCH", f"/v1/rules/{rule}", {"name": "renamed"})

    page.goto(f"{site.home}/tenants")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="See what it would change").click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text(f"{site.tenant} is there, and another: it would be replaced")
    expect(outcome).to_contain_text("rule first: added")
    expect(outcome).to_contain_text("rule renamed: taken out")
    assert [one["name"] for one in site.call("GET", "/v1/rules")["rules"]] == ["renamed"]
    require_accessible(page)
    outcome.get_by_role("button", name=f"Replace {site.tenant}").click()
    page.get_by_role("dialog").get_by_role("button", name=f"Replace {site.tenant}").click()
    expect(outcome).to_contain_text(f"{site.tenant} is replaced")
    assert [one["name"] for one in site.call("GET", "/v1/rules")["rules"]] == ["first"]

    page.get_by_role("button", name="See what it would change").click()
    expect(outcome).to_contain_text(f"{site.tenant} is the same already")
    expect(outcome.get_by_role("button")).to_have_count(0)


def test_with_secrets(page_of: PageOf, site: Site, tmp_path: Path) -> None:
    site.add("first", SCRIPT)
    site.call("PUT", "/v1/configuration/KEY", {"value": SECRET})
    page = page_of()
    path = exported(page, site, tmp_path, "a passphrase of some length")
    assert SECRET not in path.read_text()
    site.call("DELETE", "/v1/configuration/KEY")
    page.goto(f"{site.home}/tenants")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Passphrase of its secrets").fill("another one")
    page.get_by_role("button", name="See what it would change").click()
    expect(page.locator("#outcome")).to_contain_text("cannot be imported")
    page.get_by_label("Passphrase of its secrets").fill("a passphrase of some length")
    page.get_by_role("button", name="See what it would change").click()
    page.get_by_role("button", name=f"Replace {site.tenant}").click()
    page.get_by_role("dialog").get_by_role("button", name=f"Replace {site.tenant}").click()
    expect(page.locator("#outcome")).to_contain_text("is replaced")
    assert [one["key"] for one in site.call("GET", "/v1/configuration")["values"]] == ["KEY"]
    assert SECRET not in page.content()


def test_two_passphrases_that_differ(page_of: PageOf, site: Site) -> None:
    page = page_of()
    page.goto(f"{site.home}/tenants/{site.tenant}/settings")
    page.get_by_label("Passphrase for the secrets").fill("a passphrase of some length")
    page.get_by_label("The same again").fill("a passphrase of some lenght")
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#wrong")).to_contain_text("are not the same")
    assert "of some" not in page.content()


@pytest.mark.parametrize("text", ["<b>no</b>", '{"kind": "rule"}\n', "", '{"kind": "tenant", "tenant": "<b>"}\n'])
def test_files_that_are_none(page_of: PageOf, site: Site, tmp_path: Path, text: str) -> None:
    path = tmp_path / "<b>.jsonl"
    path.write_text(text)
    page = page_of()
    page.goto(f"{site.home}/tenants")
    page.get_by_label("File").set_input_files(path)
    expect(page.locator("#alarms")).not_to_be_empty()
    expect(page.get_by_role("button", name="See what it would change")).to_be_disabled()


def test_they_need_the_scope(page_of: PageOf, site: Site) -> None:
    page = page_of(scope="rules:read rules:deploy configuration:write")
    for screen in ("tenants", f"tenants/{site.tenant}/settings"):
        page.goto(f"{site.home}/{screen}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your token does not allow this")
    for path in ("tenants", *(f"tenants/{site.tenant}/{act}" for act in ("settings", "export", "delete"))):
        form: dict[str, str | float | bool] = {"csrf": csrf(page), "typed": site.tenant, "name": "x"}
        assert page.request.post(f"{site.home}/{path}", form=form).status == 403


@pytest.mark.parametrize("width", [1440, 390])
def test_they_can_be_used_by_everybody(page_of: PageOf, site: Site, width: int) -> None:
    site.call("PATCH", f"/v1/tenants/{site.tenant}/settings", {"hooks": {"okta": {"deadline_ms": 900}}})
    page = page_of(width=width)
    for screen in ("tenants", f"tenants/{site.tenant}/settings"):
        page.goto(f"{site.home}/{screen}")
        require_accessible(page, *SCHEMES)
