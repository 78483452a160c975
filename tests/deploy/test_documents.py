"""What the files of `deploy/` say is what the service has, and they say the same of it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from api.routes import OPEN_ROUTES
from api.serve import GRACE
from api.settings import COMMAND_VARIABLES, FILE, SETTINGS, BadSetting, Settings
from sandbox.confinement import NOBODY
from tests.deploy.documents import (
    COMPOSE,
    DEPLOY,
    DOCKERFILE,
    MANIFESTS,
    ROOT,
    SECRET_EXAMPLE,
    UNIT,
    container,
    environment,
    health_check,
    manifest,
    megabytes,
    pod,
    seconds,
    unit,
)

USER = 65532
VARIABLES = {row.variable for row in SETTINGS} | {row.file_variable for row in SETTINGS} | COMMAND_VARIABLES.keys()
WHERE = ["image", "compose", "kubernetes", "systemd"]
SECRETS = {
    "CLAIMSMITH_SECRET": "secret of some length " * 3,
    "DATABASE_URL": "postgresql://claimsmith:password@database/claimsmith",
    "REDIS_URL": "redis://cache:6379/0",
}
FOR_ALL_ELSE = 512  # MB: the service, the zygote, a child that compiles
# Not the secrets that somebody has made here.
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.parent.name != "secrets")
SERVICE = COMPOSE["services"]["claimsmith"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_exists(path: Path) -> None:
    named = set(re.findall(r"\b(?:CLAIMSMITH|DATABASE|REDIS)_[A-Z_]*[A-Z]\b", path.read_text()))
    assert named <= VARIABLES


def accepted(tmp_path: Path, given: dict[str, str]) -> Settings:
    """The settings that these variables make, where each file that they name is there."""
    environ = dict(given)
    for name, path in given.items():
        if name.endswith(FILE):
            file = tmp_path / Path(path).name
            file.write_text(SECRETS[name.removesuffix(FILE)] + "\n")
            environ[name] = str(file)
    return Settings.from_environ(environ)


@pytest.mark.parametrize("where", WHERE)
def test_the_settings_are_accepted(tmp_path: Path, where: str) -> None:
    settings = accepted(tmp_path, environment(where))
    assert settings.log_format == "json"
    assert settings.port == 8100
    assert settings.run_unconfined_by is None
    if where != "image":
        assert settings.secret == SECRETS["CLAIMSMITH_SECRET"].strip()
        assert (settings.workers, settings.worker_memory_mb) == (16, 128)
    if where in ("compose", "kubernetes"):
        assert settings.database_url is not None
        assert settings.redis_url is not None
        assert settings.host == "0.0.0.0"


def test_ports() -> None:
    assert re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE) == ["8100"]
    assert SERVICE["ports"] == ["127.0.0.1:8100:8100"]
    assert container()["ports"] == [{"name": "http", "containerPort": 8100}]
    assert manifest("Service")["spec"]["ports"] == [{"name": "http", "port": 8100, "targetPort": "http"}]
    (ingress,) = manifest("NetworkPolicy")["spec"]["ingress"]
    assert ingress["ports"] == [{"port": "http", "protocol": "TCP"}]


def test_probes_are_routes_that_need_no_token() -> None:
    routes = {row.path for row in OPEN_ROUTES}
    shown = {name: container()[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert shown == {
        "startupProbe": {"path": "/readyz", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
        # Not whether it is ready: a service whose database is gone answers logins, and a restart would end that.
        "livenessProbe": {"path": "/healthz", "port": "http"},
    }
    assert {probe["path"] for probe in shown.values()} <= routes
    assert re.findall(r"'(/[a-z]+)'", health_check()[-1]) == ["/healthz"]


def test_it_has_the_time_to_stop() -> None:
    sleep, given = container()["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    assert pod()["terminationGracePeriodSeconds"] >= int(given) + GRACE + 10
    assert seconds(SERVICE["stop_grace_period"]) >= GRACE + 10
    assert seconds(unit("TimeoutStopSec")[0]) >= GRACE + 10
    assert re.findall(r"^STOPSIGNAL (.*)$", DOCKERFILE, re.MULTILINE) == ["SIGTERM"]
    assert unit("KillMode") == ["mixed"]


@pytest.mark.parametrize(
    ("where", "limit", "processors"),
    [
        ("compose", SERVICE["mem_limit"], int(SERVICE["environment"]["PYTHON_CPU_COUNT"])),
        ("kubernetes", container()["resources"]["limits"]["memory"], int(container()["resources"]["limits"]["cpu"])),
        ("systemd", unit("MemoryMax")[0], 2),
    ],
)
def test_hostile_rules_cannot_fill_the_memory(where: str, limit: str, processors: int) -> None:
    given = environment(where)
    workers = int(given["CLAIMSMITH_WORKERS"]) + processors
    assert megabytes(limit) >= workers * int(given["CLAIMSMITH_WORKER_MEMORY_MB"]) + FOR_ALL_ELSE


def test_processors_are_those_it_has() -> None:
    assert float(SERVICE["environment"]["PYTHON_CPU_COUNT"]) == SERVICE["cpus"]
    assert container()["env"] == [
        {"name": "PYTHON_CPU_COUNT", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
    ]


def test_the_user_is_no_one_else() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == [f"{USER}:{USER}"]
    assert f"--owner {USER} --group {USER} --mode 700 /data" in DOCKERFILE
    assert USER not in (0, NOBODY)
    assert pod()["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert unit("DynamicUser") == ["yes"]


def test_rights_and_files() -> None:
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
    # Nothing of it can be written to: with a database and Redis it writes no file.
    assert "volumes" not in SERVICE
    assert "tmpfs" not in SERVICE
    assert container()["volumeMounts"] == [
        {"name": "secrets", "mountPath": "/run/secrets/claimsmith", "readOnly": True}
    ]
    assert unit("CapabilityBoundingSet") == [""]
    assert unit("NoNewPrivileges") == unit("PrivateUsers") == ["yes"]
    assert unit("ProtectSystem") == ["strict"]


def test_only_the_service_reaches_the_stores() -> None:
    assert COMPOSE["networks"]["stores"] == {"internal": True}
    reached = {name: service["networks"] for name, service in COMPOSE["services"].items()}
    assert reached == {"claimsmith": ["issuers", "stores"], "postgres": ["stores"], "redis": ["stores"]}
    assert "ports" not in COMPOSE["services"]["postgres"] | COMPOSE["services"]["redis"]


def test_labels_lead_to_the_pods() -> None:
    labels = {"app.kubernetes.io/name": "claimsmith"}
    deployment = manifest("Deployment")["spec"]
    assert deployment["template"]["metadata"]["labels"] == labels
    assert deployment["selector"]["matchLabels"] == labels
    assert manifest("Service")["spec"]["selector"] == labels
    assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    assert [one["labelSelector"]["matchLabels"] for one in pod()["topologySpreadConstraints"]] == [labels, labels]


def test_manifests_are_of_one_namespace() -> None:
    for path in MANIFESTS:
        metadata = yaml.safe_load(path.read_text())["metadata"]
        assert metadata["name"] == "claimsmith"
        assert metadata.get("namespace", metadata["name"]) == "claimsmith"
    assert container()["envFrom"] == [{"configMapRef": {"name": "claimsmith"}}]
    assert pod()["volumes"] == [
        {"name": "secrets", "secret": {"secretName": "claimsmith", "defaultMode": stat.S_IRUSR | stat.S_IRGRP}}
    ]


def test_variables_of_a_cluster_would_keep_it_from_starting() -> None:
    """Kubernetes puts these into every pod of a namespace that has a Service of this name, unless it is told not to."""
    name = manifest("Service")["metadata"]["name"].upper()
    for variable, value in {f"{name}_PORT": "tcp://10.0.0.1:8100", f"{name}_SERVICE_HOST": "10.0.0.1"}.items():
        with pytest.raises(BadSetting, match=f"^{variable}: "):
            Settings.from_environ({variable: value})
    assert pod()["enableServiceLinks"] is False
    assert pod()["automountServiceAccountToken"] is False


def test_the_example_of_a_secret_is_none(tmp_path: Path) -> None:
    given = environment("kubernetes")
    example = yaml.safe_load(SECRET_EXAMPLE.read_text())["stringData"]
    mounted = Path(container()["volumeMounts"][0]["mountPath"])
    environ = dict(given)
    for name, path in given.items():
        if name.endswith(FILE):
            assert Path(path).parent == mounted
            (tmp_path / Path(path).name).write_text(example[Path(path).name])
            environ[name] = str(tmp_path / Path(path).name)
    with pytest.raises(BadSetting, match=r"^CLAIMSMITH_SECRET: shorter than 32 characters"):
        Settings.from_environ(environ)
    assert SECRET_EXAMPLE not in MANIFESTS  # `kubectl apply` takes what ends so


def test_secrets_are_made_once(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("this machine has no openssl")
    script = shutil.copy(DEPLOY / "make-secrets", tmp_path)
    ended = subprocess.run([script], capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = {path.name: path for path in folder.iterdir()}
    wanted = {name: tmp_path / "secrets" / Path(one["file"]).name for name, one in COMPOSE["secrets"].items()}
    assert made == wanted
    # The containers' users have no name here: the folder is what keeps others out.
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.values()} == {0o644}
    environ = {name: value.replace("/run/secrets", str(folder)) for name, value in environment("compose").items()}
    settings = Settings.from_environ(environ)
    password = made["database_password"].read_text().strip()
    assert settings.database_url == f"postgresql://claimsmith:{password}@postgres:5432/claimsmith"
    assert len(password) == 48
    before = made["secret"].read_bytes()
    again = subprocess.run([script], capture_output=True, text=True, check=False, timeout=30)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert made["secret"].read_bytes() == before


def test_secrets_are_not_committed() -> None:
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().split()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split("\n")
    assert next(line for line in ignored if not line.startswith("#")) == "*"
    assert not any(line.startswith(("!data", "!deploy")) for line in ignored)


def test_the_version_is_said_in_one_way() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r'org\.opencontainers\.image\.version="(.*)"', DOCKERFILE) == [version]
    assert SERVICE["image"] == container()["image"] == f"claimsmith:{version}"


def test_the_health_check_sees_a_service_that_does_not_answer() -> None:
    command = [shutil.which("python3") or "python3", *health_check()[1:]]
    environ = {"CLAIMSMITH_PORT": "1", "PATH": os.environ["PATH"]}
    assert subprocess.run(command, env=environ, capture_output=True, check=False, timeout=30).returncode == 1


def test_every_file_is_explained() -> None:
    text = (DEPLOY / "README.md").read_text()
    others = [path for path in FILES if path.name != "README.md"]
    assert [path.name for path in others if f"({path.relative_to(DEPLOY)})" not in text] == []
    for key in {line.split("=")[0] for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w+=", line)}:
        if key.startswith(("Restrict", "Protect", "Private", "SystemCall", "Memory", "Kill", "OOM", "Dynamic", "Load")):
            assert f"`{key}" in text, key
