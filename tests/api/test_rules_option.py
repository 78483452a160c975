"""`claimsmith serve --rules`: a folder's rules and modules, live in a store that has none yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.serve import load, read
from api.settings import BadSetting
from tests.service import Running, running

pytestmark = pytest.mark.anyio

GEO = "def country(user):\n    return user.get('country', 'none')\n"
RULE = "import geo\ndef rule(user, context):\n    context.idToken['https://example.com/c'] = geo.country(user)\n"
LISTING = """{"rules": [
    {"file": "c.py", "order": 10, "on_failure": "skip", "conditions": {"clients": ["web"]}},
    {"file": "off.py", "order": 20, "enabled": false}
]}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "rules"
    (found / "modules").mkdir(parents=True)
    (found / "rules.json").write_text(LISTING)
    (found / "c.py").write_text(RULE)
    (found / "off.py").write_text("def rule(user, context):\n    raise UnauthorizedError('no')\n")
    (found / "modules" / "geo.py").write_text(GEO)
    return found


async def countries(service: Running) -> list[object]:
    claims = [await service.execute({"user_id": "u"}, {"clientID": client}) for client in ("web", "other")]
    return [one["idToken"].get("https://example.com/c") for one in claims]


async def test_rules_and_modules_go_live_with_one_revision(tmp_path: Path, folder: Path) -> None:
    async with running(tmp_path / "data") as service:
        before = (await service.service.store.live_revision("default")).number
        await load(service.service, read(folder))
        live = await service.service.store.live_revision("default")
        assert live.number == before + 1
        assert [(rule.name, rule.order, rule.enabled, rule.on_failure, rule.imports) for rule in live.rules] == [
            ("c", 10, True, "skip", ("geo",)),
            ("off", 20, False, "deny", ()),
        ]
        assert [module.name for module in live.modules] == ["geo"]
        assert await countries(service) == ["none", None]


@pytest.mark.parametrize("kept", ["a rule", "a saved rule", "a module"])
async def test_what_is_there_already_stays_alone(tmp_path: Path, folder: Path, kept: str) -> None:
    async with running(tmp_path / "data") as service:
        if kept == "a module":
            await service.authoring.put_module("default", "geo", "x = 1\n", by="tester")
        else:
            await service.add("mine", "pass", deploy=kept == "a rule")
        before = await service.service.store.live_revision("default")
        await load(service.service, read(folder))
        assert await service.service.store.live_revision("default") == before


async def test_a_problem_has_its_place(tmp_path: Path, folder: Path) -> None:
    async with running(tmp_path / "data") as service:
        before = await service.service.store.live_revision("default")

        async def problem() -> str:
            with pytest.raises(BadSetting) as caught:
                await load(service.service, read(folder))
            assert await service.service.store.live_revision("default") == before
            return str(caught.value)

        (folder / "c.py").write_text("x = 1\n" + RULE.replace("country(", "land("))
        assert f"{folder}/c.py:4:52: unknown_member " in await problem()
        # A module that another one and a rule import is named itself, though it comes last.
        (folder / "modules" / "geo.py").write_text(f"import names\n{GEO}")
        (folder / "modules" / "names.py").write_text("def (:\n")
        assert f"{folder}/modules/names.py:1:5: syntax_error " in await problem()
        (folder / "c.py").unlink()
        assert f"{folder}/c.py" in await problem()
