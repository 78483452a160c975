# Every application has its own settings, on top of the common ones.

COMMON = {"session_minutes": 60, "features": ["profile"], "theme": {"color": "blue", "dense": False}}
CLIENTS = {
    "bank": {"session_minutes": 5, "theme": {"dense": True}},
    "forum": {"features": ["posts", "likes"]},
}


def merge(base, extra):
    result = dict(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        elif isinstance(value, (list, tuple)) and isinstance(result.get(key), (list, tuple)):
            result[key] = [*result[key], *(v for v in value if v not in result[key])]
        else:
            result[key] = value
    return result


def rule(user, context):
    context.idToken["https://example.com/settings"] = merge(COMMON, CLIENTS.get(context.get("clientID"), {}))

# context {"clientID": "bank"}
# claims {"https://example.com/settings": {"session_minutes": 5, "features": ["profile"], "theme": {"color": "blue",
#  "dense": true}}}
#
# context {"clientID": "forum"}
# claims {"https://example.com/settings": {"session_minutes": 60, "features": ["profile", "posts", "likes"],
#  "theme": {"color": "blue", "dense": false}}}
#
# claims {"https://example.com/settings": {"session_minutes": 60, "features": ["profile"], "theme": {"color":
#  "blue", "dense": false}}}
