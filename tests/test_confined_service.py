"""What an operator sees of the confinement: in one line when it refuses to start, in the log, and in `/readyz`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.layers import ESSENTIAL, LAYERS, Layer
from tests import test_lifecycle
from tests.sandbox.another_user import ROOT
from tests.sandbox.test_elsewhere import ORDINARY, poorer
from tests.test_lifecycle import Serve, Served, add_rule, login, refused, require_who, serve

__all__ = ["serve"]

NO_FILTER, NO_LANDLOCK = poorer("prctl:22=EINVAL"), poorer("landlock_create_ruleset=ENOSYS")


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that another user reaches too."""
    with tempfile.TemporaryDirectory(prefix="cs") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def where(monkeypatch: pytest.MonkeyPatch, program: list[str]) -> None:
    command = [sys.executable, "-m", *program, sys.executable, "-m", "cli.main"]
    monkeypatch.setattr(test_lifecycle, "COMMAND", command)


def run(serve: Serve, data: Path, **environ: str) -> Served:
    served: Served = serve(data, REDIS_URL="none", TMPDIR=str(data), **environ)
    return served


def readyz(served: Served) -> dict[str, Any]:
    """With a token, after a login has been decided."""
    with served.client() as client:
        add_rule(client)
        require_who(login(client))
        assert client.get("/readyz", headers={"Authorization": ""}).status_code == 401
        shown: dict[str, Any] = client.get("/readyz").json()
        return shown


def warnings(served: Served) -> list[tuple[str, str]]:
    return [
        (line["layer"], line["reason"])
        for line in served.lines()
        if line["event"] == "rules run unconfined by a layer" and line["level"] == "warning"
    ]


@pytest.mark.parametrize("program", [poorer(), ORDINARY], ids=["same user", "another user"])
def test_every_layer_is_shown(serve: Serve, data: Path, monkeypatch: pytest.MonkeyPatch, program: list[str]) -> None:
    where(monkeypatch, program)
    served = run(serve, data)
    shown = readyz(served)
    assert shown["degraded"] == []
    assert list(shown["confinement"]) == [layer.name for layer in LAYERS]
    assert {shown["confinement"][name] for name in ESSENTIAL} == {"active"}
    (line,) = (line for line in served.lines() if line["event"] == "serving")
    assert line["confinement"] == shown["confinement"]
    assert warnings(served) == []
    if program is ORDINARY:
        assert Path(f"/proc/{served.process.pid}").stat().st_uid != os.getuid() or os.getuid() != 0


def test_it_does_not_start_without_an_essential_layer(
    serve: Serve, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where(monkeypatch, NO_FILTER)
    assert refused(run(serve, data)) == (
        "claimsmith: rules cannot be confined here, for want of `system_calls` (not given by the kernel: EINVAL): "
        "to run without, set CLAIMSMITH_RUN_UNCONFINED_BY=system_calls"
    )


def test_it_starts_without_a_layer_when_the_operator_says_so(
    serve: Serve, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where(monkeypatch, NO_FILTER)
    served = run(serve, data, CLAIMSMITH_RUN_UNCONFINED_BY="system_calls, landlock_files")
    shown = readyz(served)
    reason = "not given by the kernel: EINVAL"
    assert (shown["ready"], shown["degraded"]) == (True, ["confinement"])
    assert shown["confinement"]["system_calls"] == reason
    assert shown["confinement"]["landlock_files"] == "active"  # what may be missing is not left off
    assert warnings(served) == [("system_calls", reason)]


def test_a_kernel_without_landlock(serve: Serve, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where(monkeypatch, NO_LANDLOCK)
    served = run(serve, data)
    assert readyz(served)["degraded"] == ["confinement"]
    assert warnings(served) == [("landlock_files", "not given by the kernel: no Landlock")]


@pytest.mark.parametrize("value", ["all", "1", "system_calls,", "network_namespace", "SYSTEM_CALLS"])
def test_what_is_accepted_is_named(serve: Serve, data: Path, value: str) -> None:
    line = refused(run(serve, data, CLAIMSMITH_RUN_UNCONFINED_BY=value))
    assert line.startswith("claimsmith: CLAIMSMITH_RUN_UNCONFINED_BY: `")
    assert all(name in line for name in ESSENTIAL)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_layer_is_documented(layer: Layer) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert f"| `{layer.name}` | {layer.grade} | {layer.takes_away} |" in text
