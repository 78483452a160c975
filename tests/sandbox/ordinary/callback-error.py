# Callback with an ordinary error: the login fails with its text.


def rule(user, context, callback):
    try:
        level = int(user["app_metadata"]["level"])
    except (KeyError, ValueError) as err:
        callback(Exception(f"bad level: {err}"), user, context)
        return
    context["idToken"]["https://example.com/level"] = level
    callback(None, user, context)

# claims {"https://example.com/level": 3}
#
# user {"app_metadata": {"level": "high"}}
# denied "bad level: invalid literal for int() with base 10: 'high'"
#
# user {"app_metadata": {}}
# denied "bad level: 'level'"
