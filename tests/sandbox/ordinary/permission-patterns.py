# Permissions with stars: who has `docs:*` may do `docs:read`.


def allows(granted, wanted):
    for have, want in zip(granted.split(":"), wanted.split(":")):
        if have == "*":
            return True
        if have != want:
            return False
    return granted.count(":") == wanted.count(":")


def rule(user, context):
    granted = user.get("permissions") or []
    wanted = context.get("request", {}).get("query", {}).get("scope", "").split()
    decided = {scope: any(allows(g, scope) for g in granted) for scope in wanted}
    refused = [scope for scope, ok in decided.items() if not ok]
    if refused:
        raise UnauthorizedError("missing: " + ", ".join(sorted(refused)))
    context.accessToken["scope_granted"] = " ".join(decided)

# user {"permissions": ["docs:*", "mail:read"]}
# context {"request": {"query": {"scope": "docs:read mail:read docs:a:b"}}}
# access {"scope_granted": "docs:read mail:read docs:a:b"}
#
# user {"permissions": ["docs:read"]}
# context {"request": {"query": {"scope": "docs:write docs docs:read"}}}
# denied "missing: docs, docs:write"
#
# access {"scope_granted": ""}
