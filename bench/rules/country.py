import re


def rule(user, context):
    found = re.match(r"([a-z]+)[.]([a-z]+)@", user["email"])
    if found:
        context["idToken"]["https://example.com/initials"] = found.group(1)[0] + found.group(2)[0]
    geo = context["request"].get("geoip", {})
    context["idToken"]["https://example.com/country"] = geo.get("country_code", "unknown")
