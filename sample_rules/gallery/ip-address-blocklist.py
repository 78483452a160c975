"""Not from listed addresses

For a whole network see guardian-multifactor-ip-range.
"""

BLOCKED = ["1.2.3.4", "2.3.4.5"]


def rule(user, context):
    if (context.get("request") or {}).get("ip") in BLOCKED:
        raise UnauthorizedError("Access denied from this IP address.")
