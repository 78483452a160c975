# A profile was stored as JSON text by an old application: read it, forgivingly.

import json


def load_profile(raw):
    if isinstance(raw, dict):
        return raw
    try:
        profile = json.loads(raw)
    except (TypeError, json.JSONDecodeError):
        return {}
    return profile if isinstance(profile, dict) else {}


def rule(user, context):
    profile = load_profile((user.get("user_metadata") or {}).get("profile"))
    context.idToken["https://example.com/language"] = profile.get("lang", "en")
    context.idToken["https://example.com/tags"] = [t.strip().lower() for t in profile.get("tags", [])]

# user {"user_metadata": {"profile": "{\"lang\": \"de\", \"tags\": [\" A \", \"b\"]}"}}
# claims {"https://example.com/language": "de", "https://example.com/tags": ["a", "b"]}
#
# user {"user_metadata": {"profile": "not json"}}
# claims {"https://example.com/language": "en", "https://example.com/tags": []}
#
# user {"user_metadata": {"profile": "[1]"}}
# claims {"https://example.com/language": "en", "https://example.com/tags": []}
#
# user {"user_metadata": null}
# claims {"https://example.com/language": "en", "https://example.com/tags": []}
