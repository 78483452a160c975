"""Only from listed addresses

The application sees `access_denied`, as with Auth0, where this was no UnauthorizedError.
"""

ALLOWED = ["1.2.3.4", "2.3.4.5"]


def rule(user, context, callback):
    address = (context.get("request") or {}).get("ip")
    if address not in ALLOWED:
        callback("Access denied from this IP address.")
        return
    callback(None, user, context)
