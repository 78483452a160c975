# A helper that puts a namespace in front of every claim.

NAMESPACE = "https://claims.example.com/"


def add_claims(token, **claims):
    for name, value in claims.items():
        if value is not None:
            token[f"{NAMESPACE}{name}"] = value


def rule(user, context):
    app_metadata = user.get("app_metadata") or {}
    add_claims(
        context.idToken,
        roles=app_metadata.get("roles"),
        plan=app_metadata.get("plan"),
        login_count=context.stats.loginsCount,
    )
    add_claims(context.accessToken, roles=app_metadata.get("roles"))

# claims {"https://claims.example.com/roles": ["admin", "staff"], "https://claims.example.com/login_count": 7}
# access {"https://claims.example.com/roles": ["admin", "staff"]}
#
# user {"app_metadata": {"plan": "gold"}}
# claims {"https://claims.example.com/plan": "gold", "https://claims.example.com/login_count": 7}
