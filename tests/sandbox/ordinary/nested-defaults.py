# Reading deep into data that may not be there.


def dig(data, *path, default=None):
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return default
    return data


def rule(user, context):
    company = ((user.get("app_metadata") or {}).get("company") or {}).get("name") or "unknown"
    context.idToken["https://example.com/company"] = company
    context.idToken["https://example.com/deep"] = [
        dig(user, "app_metadata", "roles", 0), dig(user, "app_metadata", "roles", 9, default="none"),
        dig(user, "email", "x"), dig(context, "request", "geoip", "country_code", default="??"),
    ]
    user.setdefault("app_metadata", {}).setdefault("flags", {})["seen"] = True
    context.idToken["https://example.com/flags"] = user["app_metadata"]["flags"]

# claims {"https://example.com/company": "unknown", "https://example.com/deep": ["admin", "none", null, "??"],
#  "https://example.com/flags": {"seen": true}}
#
# user {"app_metadata": null}
# context {"request": {"geoip": {"country_code": "FR"}}}
# claims {"https://example.com/company": "unknown", "https://example.com/deep": [null, "none", null, "FR"],
#  "https://example.com/flags": {"seen": true}}
#
# user {"app_metadata": {"company": {"name": "ACME"}}}
# claims {"https://example.com/company": "ACME", "https://example.com/deep": [null, "none", null, "??"],
#  "https://example.com/flags": {"seen": true}}
