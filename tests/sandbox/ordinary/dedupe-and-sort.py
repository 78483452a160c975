# Permissions from three places, without repetitions: once in order of appearance, once sorted.


def unique(items):
    return list(dict.fromkeys(items))


def rule(user, context):
    app = user.get("app_metadata", {})
    everything = [*user.get("permissions", []), *app.get("permissions", []), *app.get("extra", "").split()]
    everything = [p.strip() for p in everything if p and p.strip()]
    context.accessToken["https://example.com/permissions"] = unique(everything)
    context.idToken["https://example.com/permissions"] = sorted(set(everything), key=lambda p: (p.count(":"), p))

# user {"app_metadata": {"permissions": ["write:a", " read ", "read:b:c"], "extra": "read  write:a admin"}}
# claims {"https://example.com/permissions": ["admin", "read", "write:a", "read:b:c"]}
# access {"https://example.com/permissions": ["read", "write:a", "read:b:c", "admin"]}
#
# claims {"https://example.com/permissions": ["read"]}
# access {"https://example.com/permissions": ["read"]}
