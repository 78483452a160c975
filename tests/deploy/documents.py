"""The files of `deploy/` as data, and what a service is given by each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
SECRET_EXAMPLE = DEPLOY / "kubernetes" / "secret.yaml.example"
UNIT = DEPLOY / "claimsmith.service"


def manifest(kind: str) -> dict[str, Any]:
    """The one manifest of this kind."""
    (found,) = (loaded for path in MANIFESTS if (loaded := yaml.safe_load(path.read_text()))["kind"] == kind)
    return dict(found)


def pod() -> dict[str, Any]:
    return dict(manifest("Deployment")["spec"]["template"]["spec"])


def container() -> dict[str, Any]:
    (found,) = pod()["containers"]
    return dict(found)


def unit(key: str) -> list[str]:
    """Each value that the unit gives to a key, in order."""
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def dockerfile_environment() -> dict[str, str]:
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
    return dict(assignment.split("=", 1) for assignment in block.replace("\\\n", " ").split())


def health_check() -> list[str]:
    (found,) = re.findall(r"^HEALTHCHECK (?:.*\\\n)*\s+CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    command: list[str] = json.loads(found)
    return command


def environment(where: str) -> dict[str, str]:
    """The variables that the service has there, files by their paths inside."""
    if where == "systemd":
        return dict(assignment.split("=", 1) for line in unit("Environment") for assignment in line.split())
    given = dockerfile_environment()
    if where == "compose":
        given |= COMPOSE["services"]["claimsmith"]["environment"]
    if where == "kubernetes":
        given |= manifest("ConfigMap")["data"]
    return given


def megabytes(size: str) -> int:
    """`3g`, `3Gi`, `128m` or `3G` as whole megabytes."""
    number, unit = re.fullmatch(r"(\d+)(m|g|M|G|Mi|Gi)", size).groups()  # type: ignore[union-attr]
    return int(number) * (1024 if unit[0] in "gG" else 1)


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))
