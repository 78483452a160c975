# Consents by name and version; new ones are asked for one at a time.

REQUIRED = {"terms": 3, "privacy": 2, "cookies": 1}


def outdated(consents):
    for name, version in REQUIRED.items():
        given = consents.get(name)
        if not isinstance(given, int) or given < version:
            yield name


def rule(user, context):
    consents = (user.get("user_metadata") or {}).get("consents", {})
    missing = list(outdated(consents))
    if context.get("protocol") == "oauth2-refresh-token":
        return
    if missing:
        context.redirect = {"url": f"https://consent.example.com/{missing[0]}?v={REQUIRED[missing[0]]}"}
    context.idToken["https://example.com/consents"] = {name: name not in missing for name in REQUIRED}

# claims {"https://example.com/consents": {"terms": false, "privacy": false, "cookies": false}}
# redirect {"url": "https://consent.example.com/terms?v=3"}
#
# user {"user_metadata": {"consents": {"terms": 3, "privacy": 2, "cookies": 1}}}
# claims {"https://example.com/consents": {"terms": true, "privacy": true, "cookies": true}}
#
# user {"user_metadata": {"consents": {"terms": "3", "privacy": 1}}}
# claims {"https://example.com/consents": {"terms": false, "privacy": false, "cookies": false}}
# redirect {"url": "https://consent.example.com/terms?v=3"}
#
# context {"protocol": "oauth2-refresh-token"}
# claims {}
