"""Others' programs find nothing in the files of `deploy/`, and would."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.documents import COMPOSE, DOCKERFILE, MANIFESTS, SECRET_EXAMPLE, UNIT

# The schemas of the oldest version that its makers may still support, and of the newest that the validator has.
KUBERNETES = ["1.32", "1.37"]
EXPOSURE = 22  # tenths, as `systemd-analyze security` counts; 252 and 257 both say 21


def program(name: str, package: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"this machine has no {name} ({package})")
    return found


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def hadolint(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "Dockerfile").write_text(text)
    return ran(program("hadolint", "a wheel for x86-64 and aarch64"), "--no-color", str(folder / "Dockerfile"))


def test_hadolint(tmp_path: Path) -> None:
    found = hadolint(tmp_path, DOCKERFILE)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("WORKDIR /source", "WORKDIR source", "DL3000"),
        ("python:3.13-slim-trixie", "python", "DL3006"),
        ("COPY . .", "ADD . .", "DL3020"),
        ('ENTRYPOINT ["claimsmith"]', "ENTRYPOINT claimsmith", "DL3025"),
    ],
)
def test_hadolint_would(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in DOCKERFILE
    text = DOCKERFILE.replace(f"ARG PYTHON={old}\n", "").replace("${PYTHON}", new) if code == "DL3006" else DOCKERFILE
    found = hadolint(tmp_path, text.replace(old, new))
    assert found.returncode == 1
    assert code in found.stdout


def refused_by_compose(document: dict[str, Any]) -> str:
    """Why it is no compose file, or nothing. Merged before: the specification has that from YAML itself."""
    compose_spec = pytest.importorskip("compose_spec", reason="compose-spec has wheels for x86-64 and aarch64 only")
    try:
        compose_spec.PyCompose.from_json(json.dumps(document)).validate()
    except ValueError as error:
        return str(error)
    return ""


def test_compose() -> None:
    assert refused_by_compose(COMPOSE) == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda document: document["services"]["claimsmith"].update(readonly=True), "readonly"),
        (lambda document: document["services"]["claimsmith"].update(cap_drop="ALL"), "expected a set"),
        (lambda document: document["services"]["redis"]["networks"].append("nowhere"), "nowhere"),
        (lambda document: document["services"]["claimsmith"]["secrets"].append("nothing"), "nothing"),
    ],
)
def test_compose_would(change: Callable[[Any], None], why: str) -> None:
    document = json.loads(json.dumps(COMPOSE))
    change(document)
    assert why in refused_by_compose(document)


def kubernetes(version: str, path: Path) -> subprocess.CompletedProcess[str]:
    return ran(sys.executable, "-m", "kubernetes_validate", "--strict", "--kubernetes-version", version, str(path))


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("path", [*MANIFESTS, SECRET_EXAMPLE], ids=lambda path: str(path.name))
def test_kubernetes(path: Path, version: str) -> None:
    found = kubernetes(version, path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"against version {version}" in found.stdout + found.stderr


@pytest.mark.parametrize(
    ("key", "value"), [("securityContexts", {}), ("terminationGracePeriodSeconds", "30s"), ("containers", {})]
)
def test_kubernetes_would(tmp_path: Path, key: str, value: object) -> None:
    (path,) = [path for path in MANIFESTS if path.name == "deployment.yaml"]
    document = yaml.safe_load(path.read_text())
    document["spec"]["template"]["spec"][key] = value
    (tmp_path / "deployment.yaml").write_text(yaml.safe_dump(document))
    found = kubernetes(KUBERNETES[-1], tmp_path / "deployment.yaml")
    assert found.returncode != 0
    assert key in found.stdout + found.stderr


def unit_of(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The unit, with a program that there is."""
    text = UNIT.read_text()
    for old, new in (("/opt/claimsmith/bin/claimsmith serve", "/bin/true"), *changes):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / UNIT.name
    path.write_text(text)
    return path


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return ran(program("systemd-analyze", "Debian package systemd"), "--no-pager", *arguments)


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    found = systemd_analyze("verify", "--man=no", str(unit_of(tmp_path)))
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("change", [("DynamicUser=yes", "DynamicUsers=yes"), ("KillMode=mixed", "KillMode=some")])
def test_systemd_would_not(tmp_path: Path, change: tuple[str, str]) -> None:
    found = systemd_analyze("verify", "--man=no", str(unit_of(tmp_path, change)))
    assert change[1].split("=")[0] in found.stderr + found.stdout or change[1].split("=")[1] in found.stderr


def exposure(path: Path) -> subprocess.CompletedProcess[str]:
    found = systemd_analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(path))
    if "unrecognized option" in found.stderr:
        pytest.skip("systemd-analyze tells the exposure of a file from systemd 250 on")
    return found


def test_the_unit_is_confined(tmp_path: Path) -> None:
    found = exposure(unit_of(tmp_path))
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    "line", ["DynamicUser=yes", "CapabilityBoundingSet=", "PrivateUsers=yes", "ProtectProc=invisible"]
)
def test_a_unit_without_a_line_would_not_be(tmp_path: Path, line: str) -> None:
    assert exposure(unit_of(tmp_path, (line + "\n", ""))).returncode == 1
