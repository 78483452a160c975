# A list of addresses and patterns that do not get in.

from urllib.parse import unquote

BLOCKED = {"eve@example.com", "*@spam.test", "mallory*"}


def matches(pattern, address):
    if "*" not in pattern:
        return pattern == address
    start, _, end = pattern.partition("*")
    return len(address) >= len(start) + len(end) and address.startswith(start) and address.endswith(end)


def rule(user, context):
    address = unquote(user.get("email") or "").strip().lower()
    hits = [pattern for pattern in sorted(BLOCKED) if matches(pattern, address)]
    if hits:
        raise UnauthorizedError(f"blocked by {hits[0]}")

# claims {}
#
# user {"email": "Eve%40example.com"}
# denied "blocked by eve@example.com"
#
# user {"email": "x@spam.test"}
# denied "blocked by *@spam.test"
#
# user {"email": "mallory99@example.org"}
# denied "blocked by mallory*"
