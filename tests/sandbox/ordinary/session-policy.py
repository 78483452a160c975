# How long the session may last, from several rules of which the strictest wins.

MINUTE, HOUR = 60, 3600
POLICIES = [
    (lambda u, c: "admin" in u["app_metadata"]["roles"], 15 * MINUTE),
    (lambda u, c: c.get("clientID") == "bank", 5 * MINUTE),
    (lambda u, c: u["email"].endswith("@example.com"), 8 * HOUR),
]


def human(seconds):
    hours, rest = divmod(seconds, HOUR)
    return f"{hours}h {rest // MINUTE}min" if hours else f"{rest // MINUTE}min"


def rule(user, context):
    limits = [seconds for applies, seconds in POLICIES if applies(user, context)]
    context["idToken"]["https://example.com/session"] = human(min(limits, default=24 * HOUR))

# claims {"https://example.com/session": "15min"}
#
# context {"clientID": "bank"}
# claims {"https://example.com/session": "5min"}
#
# user {"email": "x@y.test", "app_metadata": {"roles": []}}
# claims {"https://example.com/session": "24h 0min"}
