# Reading and writing `user` and `context` by dots, by brackets and by name.


def rule(user, context):
    user.nickname = user.email.split("@")[0]
    user["department"] = "R&D"
    context.idToken.n = 1
    context.idToken.n += 1
    context["idToken"]["n"] *= 10
    context.idToken.level = user.app_metadata.level + user["app_metadata"]["level"]
    setattr(user, "city", "London")
    user.setdefault("groups", []).append("engineers")
    user.app_metadata.roles.append("new")
    context.idToken.has = [hasattr(user, "city"), hasattr(user, "country"), "city" in user, hasattr(user, "get")]
    context.idToken.read = [getattr(user, "city"), getattr(user, "country", None), user.get("country", "UK")]
    delattr(user, "city")
    del user.department, user["groups"]
    try:
        user.country
    except AttributeError:
        context.idToken.missing = True
    context.idToken.fields = sorted(user)
    context.idToken.roles = user["app_metadata"]["roles"]
    context.idToken.truth = [bool(user), len(user) > 3, user == dict(user), isinstance(user, dict), type(user) is dict]

# claims {"n": 20, "level": 6, "has": [true, false, true, true], "read": ["London", null, "UK"], "missing": true,
#  "fields": ["app_metadata", "email", "nickname", "permissions", "user_id", "user_metadata"], "roles": ["admin",
#  "staff", "new"], "truth": [true, true, true, true, true]}
