"""No file of the project holds a secret, but for those that are made for demonstrations."""

from __future__ import annotations

import subprocess
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parent.parent
# Tests, documents and rules show secrets of nobody.
LOOKED_AT = ("api", "bench", "cli", "deploy", "engine", "examples", "sandbox", ".ci", "Makefile", "pyproject.toml")
# Words that look like one: names of settings, ids in examples, passwords of the demo's people.
KNOWN = {
    "api/examples.py", "api/issuers/issuer.py", "api/issuers/secrets.py", "api/issuers/supabase.py",
    "deploy/prometheus/alerts.yaml",
    "deploy/kubernetes/deployment.yaml", "deploy/kubernetes/secret.yaml.example", "deploy/make-secrets",
    "engine/execution_id.py", "examples/authlib_hook.py", "examples/demo.py", "examples/directory.py",
    "examples/django_oauth_toolkit/project.py", "examples/django_oauth_toolkit/validator.py",
    "examples/lemonldap/Claimsmith.pm",
    "examples/node-oidc-provider/directory.js", "examples/node-oidc-provider/login-rules.js",
}  # fmt: skip


def found(files: list[str]) -> set[str]:
    secrets = SecretsCollection(str(ROOT))
    with default_settings():
        for file in files:
            secrets.scan_file(file)
    return {file for file, _ in secrets}


def test_no_file_holds_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files", *LOOKED_AT], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [file for file in listed.stdout.split() if not file.startswith("cli/samples/")]
    assert len(files) > 200
    assert found(files) == KNOWN


def test_one_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text("aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY'\n")
    assert found([str(file)])
