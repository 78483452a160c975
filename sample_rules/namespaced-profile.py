"""Part of user_metadata as one claim

Names each field that may leave: metadata grows, and a rule that copies all of it tells more each year.
"""

FIELDS = ["language", "theme", "department"]


def rule(user, context):
    metadata = user.get("user_metadata") or {}
    profile = {name: metadata[name] for name in FIELDS if name in metadata}
    if profile:
        context.idToken["https://example.com/profile"] = profile
