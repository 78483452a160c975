# Fully annotated, as editors like it.

from __future__ import annotations

from datetime import datetime, timezone

Claims = dict[str, object]
NAMESPACE: str = "https://example.com/"
LIMITS: dict[str, int] = {"free": 1, "pro": 10}


def plan_of(user: dict[str, object], default: str = "free") -> str:
    """The plan's name, or the default."""
    metadata: dict = user.get("app_metadata") or {}
    plan: str | None = metadata.get("plan")
    return plan or default


def rule(user: dict, context: dict) -> None:
    """Adds the plan and its limit."""
    claims: Claims = {}
    plan: str = plan_of(user)
    claims[NAMESPACE + "plan"] = plan
    claims[NAMESPACE + "seats"] = LIMITS[plan]
    claims[NAMESPACE + "issued"] = datetime.now(timezone.utc).isoformat(timespec="minutes")
    context["idToken"].update(claims)

# claims {"https://example.com/plan": "free", "https://example.com/seats": 1, "https://example.com/issued":
#  "2027-01-15T08:00+00:00"}
#
# user {"app_metadata": {"plan": "pro"}}
# claims {"https://example.com/plan": "pro", "https://example.com/seats": 10, "https://example.com/issued":
#  "2027-01-15T08:00+00:00"}
