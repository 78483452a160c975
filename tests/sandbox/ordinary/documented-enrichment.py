# Everything annotated, documented, guarded and logged, as generated code is.
"""Enrich the ID token with organisation data.

Looks up the organisation by e-mail domain and adds it, together with the
effective permissions, to the ID token. Falls back to sane defaults.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

NAMESPACE = "https://example.com/claims/"
ORG_BY_DOMAIN: dict[str, dict[str, Any]] = {
    "example.com": {"id": "org_1", "name": "Example Inc.", "tier": "enterprise"},
    "example.org": {"id": "org_2", "name": "Example Foundation", "tier": "free"},
}
ROLE_PERMISSIONS: dict[str, set[str]] = {
    "admin": {"read:all", "write:all", "delete:all"},
    "staff": {"read:all"},
}
_EMAIL_RE = re.compile(r"^[^@\s]+@(?P<domain>[^@\s]+)$")


def _extract_domain(email: str | None) -> str | None:
    """Return the lower-cased domain of *email*, or None."""
    if not email:
        return None
    match = _EMAIL_RE.match(email.strip())
    return match.group("domain").lower() if match else None


def _effective_permissions(roles: list[str]) -> list[str]:
    permissions: set[str] = set()
    for role in roles:
        permissions |= ROLE_PERMISSIONS.get(role, set())
    return sorted(permissions)


def rule(user: dict[str, Any], context: dict[str, Any]) -> None:
    try:
        domain = _extract_domain(user.get("email"))
        org = ORG_BY_DOMAIN.get(domain) if domain else None
        app_metadata = user.get("app_metadata") or {}
        id_token = context["idToken"]
        id_token[f"{NAMESPACE}org"] = json.dumps(org, sort_keys=True) if org else None
        id_token[f"{NAMESPACE}permissions"] = _effective_permissions(app_metadata.get("roles", []))
        id_token[f"{NAMESPACE}enriched_at"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except Exception as exc:  # pragma: no cover
        print(f"enrichment failed: {type(exc).__name__}: {exc}")
        raise

# claims {"https://example.com/claims/org": "{\"id\": \"org_1\", \"name\": \"Example Inc.\", \"tier\":
#  \"enterprise\"}", "https://example.com/claims/permissions": ["delete:all", "read:all", "write:all"],
#  "https://example.com/claims/enriched_at": "2027-01-15T08:00:00Z"}
#
# user {"email": "broken", "app_metadata": {"roles": ["staff", "x"]}}
# claims {"https://example.com/claims/org": null, "https://example.com/claims/permissions": ["read:all"],
#  "https://example.com/claims/enriched_at": "2027-01-15T08:00:00Z"}
