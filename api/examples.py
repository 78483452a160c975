"""Bodies of calls, and some of their answers, as the document shows them. The tests send each to a service."""

from __future__ import annotations

from typing import Any, NamedTuple

SCRIPT = 'def rule(user, context):\n    context.idToken["https://example.com/permissions"] = user.get("permissions")\n'
SHA256 = "036d57c3a7a2e5280e30456303454c18b7eb25342944594787a84ba3b5c8c59f"
ID = "rul_zxf6ljivjiwzgy6aufep"
RULE = {"name": "permissions", "script": SCRIPT, "order": 10}
LOGIN = {
    "user": {"user_id": "u1", "permissions": ["read:x"]},
    "context": {"clientID": "c1", "protocol": "oauth2-password", "request": {"query": {}}},
}
CASE = {
    "name": "permissions are a claim",
    **LOGIN,
    "expect": {"idToken": {"https://example.com/permissions": ["read:x"]}},
}


# The section of a tenant without rules.
EXPORT = """{"kind":"tenant","format":1,"tenant":"acme","created_at":"2026-11-18T12:00:00Z"}
{"kind":"revision","number":1,"created_at":"2026-11-18T12:00:00Z","created_by":"ann","restores":null,"rules":[],\
"order":[],"modules":[],"settings":{"strict_claims":true}}
{"kind":"end","lines":2,"sha256":"9d7feeafe3421461d1c6fc78c3c144d018dc1919e1bfec555b6efb4a79989422"}
"""


class Example(NamedTuple):
    body: Any = None
    answer: Any = None


EXAMPLES = {
    "POST /v1/execute": Example(
        LOGIN,
        {
            "execution_id": "01KAE9Y6V7Q0R4S8T2W6X1Z3B5",
            "revision": 7,
            "decision": "allow",
            "idToken": {"https://example.com/permissions": ["read:x"]},
            "accessToken": {},
            "updates": {"user_metadata": None, "app_metadata": None},
            "redirect": None,
            "multifactor": None,
            "denial": None,
            "warnings": [],
        },
    ),
    "POST /v1/rules": Example(
        RULE,
        {
            **RULE,
            "version": 1,
            "sha256": SHA256,
            "enabled": True,
            "on_failure": "deny",
            "conditions": {},
            "id": ID,
            "live": True,
            "revision": 7,
            "draft": None,
            "created_at": "2026-11-18T12:00:00Z",
            "updated_at": "2026-11-18T12:00:00Z",
        },
    ),
    "PUT /v1/rules": Example({"expected": 7, "rules": [RULE]}),
    "PUT /v1/rules/order": Example({"rules": [ID]}, {"revision": 8, "rules": [ID]}),
    "POST /v1/rules/check": Example(
        {"script": "def rule(user, context):\n    import os\n"},
        {
            "problems": [
                {
                    "line": 2,
                    "column": 12,
                    "code": "import_not_allowed",
                    "message": "`os` cannot be imported: rules have no operating system: secrets and settings are in "
                    "`configuration`",
                    "severity": "error",
                }
            ]
        },
    ),
    "PATCH /v1/rules/{id}": Example({"enabled": False}),
    "PUT /v1/rules/{id}/cases": Example({"cases": [CASE]}, {"cases": [CASE]}),
    "PUT /v1/modules/{name}": Example({"script": 'def country(user):\n    return user.get("country")\n'}),
    "POST /v1/revisions/{n}/activate": Example({"expected": 7}),
    "PUT /v1/configuration/{key}": Example({"value": "a secret"}, {"key": "KEY", "number": 3}),
    "PUT /v1/issuers/{issuer}/secrets/{id}": Example(
        {"type": "header", "value": "Bearer 0Yn1cQ7vJ2mB5xT8"},
        {
            "issuer": "hydra",
            "id": "current",
            "type": "header",
            "set_at": "2026-11-18T12:00:00Z",
            "set_by": "ops",
            "weak": False,
            "readable": True,
            "public_key": None,
        },
    ),
    "POST /v1/try": Example({"script": SCRIPT, **LOGIN}),
    "POST /v1/cases/run": Example(
        {
            "script": SCRIPT,
            "cases": [CASE],
        }
    ),
    "GET /v1/executions/tail": Example(
        answer='id: 01KAE9Y6V7Q0R4S8T2W6X1Z3B5\nevent: execution\ndata: {"decision": "allow", ...}\n\n'
    ),
    "GET /v1/executions/{id}/why": Example(
        answer={
            "token": "idToken",
            "claim": "permissions",
            "present": False,
            "value": None,
            "history": [],
            "reasons": [
                {
                    "code": "on_user",
                    "rule": "authorization-extension",
                    "line": 4,
                    "text": "`user.permissions` was set by rule `authorization-extension` in line 4; only what stands "
                    "on `context.idToken` or `context.accessToken` reaches a token: copy it in a rule that runs later",
                }
            ],
        }
    ),
    "POST /v1/executions/{id}/replay": Example({"rules": [{"name": "permissions", "script": SCRIPT}]}),
    "POST /v1/impact": Example(
        {"since": "24h", "rules": [{"name": "permissions", "script": SCRIPT}]},
        '{"replayed": 200, "of": 1000}\n{"replayed": 1000, "of": 1000}\n{"impact": {"replayed": 1000, ...}}\n',
    ),
    "PUT /v1/shadow": Example({"revision": 7}),
    "PATCH /v1/tenants/{tenant}/settings": Example({"strict_claims": True, "recording": {"days": 7}}),
    "POST /v1/tenants/{tenant}/export": Example({"passphrase": "correct horse battery staple"}),
    "PUT /v1/tenants/{tenant}/import": Example(
        EXPORT,
        {
            "tenant": "acme",
            "outcome": "made",
            "dry_run": False,
            "revision": 1,
            "differences": [],
            "missing": {"configuration": [], "hook_secrets": []},
        },
    ),
    "GET /healthz": Example(answer={"status": "ok"}),
    "GET /readyz": Example(answer={"ready": True, "degraded": []}),
}
