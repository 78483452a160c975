"""What is made for Prometheus and Grafana names only what the service really shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.issuers.table import ISSUERS
from api.together import added
from tests.service import running

pytestmark = pytest.mark.anyio

DEPLOY = Path(__file__).parent.parent / "deploy"
DASHBOARD = DEPLOY / "grafana" / "claimsmith.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"

OF_PROMETHEUS = {"job", "instance", "le"}
Shown = Mapping[str, Mapping[str, set[str]]]  # the values of each label of each metric


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> dict[str, str]:
    """What is asked, by who asks."""
    found = {alert["alert"]: alert["expr"] for alert in alerts()}
    for panel in panels():
        found |= {f"{panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    variables = json.loads(DASHBOARD.read_text())["templating"]["list"]
    return found | {one["name"]: one["definition"] for one in variables if one["type"] == "query"}


@pytest.fixture(scope="module")
async def shown(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Shown]:
    """Of a service with several processes that has run a rule, as Prometheus sees it with its own token."""
    async with running(tmp_path_factory.mktemp("observability")) as service:
        await service.add("fails", "user.nothing.more", on_failure="skip")
        await service.execute()
        text = added([(await service.call("GET", "/metrics", scope="metrics")).content])
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    yield found


@pytest.mark.parametrize("who", queries())
async def test_what_is_asked_for_is_there(shown: Shown, who: str) -> None:
    asked = queries()[who]
    names = set(re.findall(r"\b(claimsmith_\w+)", asked))
    assert names or 'up{job="claimsmith"}' in asked
    assert names <= shown.keys()
    for name, matchers in re.findall(r"(claimsmith_\w+)\{([^}]*)\}", asked):
        for label, operator, value in re.findall(r'(\w+)(=~|!=|!~|=)"([^"]*)"', matchers):
            if label in OF_PROMETHEUS:
                continue
            for one in value.split("|"):
                assert one in shown[name][label], f"{name} has no {label}{operator}{value}"
    labels = {label for name in names for label in shown[name]} | OF_PROMETHEUS
    for by in re.findall(r"(?:by|without|ignoring|on) \(([^)]*)\)", asked):
        assert set(re.split(r",\s*", by)) <= labels


def test_the_dashboard_can_be_imported_and_says_what_it_shows() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["uid"] == "claimsmith"
    assert "__inputs" not in dashboard
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)) > 25
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells)), "panels lie over each other"
    assert max(x for x, _ in cells) < 24


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert len(names) == len(set(names)) > 20
    for alert in alerts():
        assert alert["labels"].keys() == {"severity"}
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert alert["annotations"].keys() == {"summary", "action"}
        assert all(len(text) > 20 for text in alert["annotations"].values())


def test_whose_hooks_fail_open_have_an_alert_of_their_own() -> None:
    (alert,) = [alert for alert in alerts() if alert["alert"] == "ClaimsmithOpenHookFails"]
    (issuers,) = re.findall(r'issuer=~"([^"]*)"', alert["expr"])
    assert set(issuers.split("|")) == {name for name, issuer in ISSUERS.items() if issuer.fails != "closed"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_can_read_all_of_it(tmp_path: Path) -> None:
    asked = {who: re.sub(r"\$__rate_interval", "5m", query) for who, query in queries().items()}
    rules = [
        {"record": f"q{number}", "expr": query}
        for number, query in enumerate(asked.values())
        if not query.startswith("label_values")
    ]
    written = tmp_path / "queries.yaml"
    written.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    for path in (ALERTS, written):
        done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
