"""A small risk score, with the reasons

Shows that a rule is ordinary Python: a class, a generator, sorting. Denies only what is far off.
"""

LIMIT = 80


class Signal:
    def __init__(self, reason: str, points: int) -> None:
        self.reason = reason
        self.points = points


def signals(user, context):
    request = context.get("request") or {}
    home = (user.get("app_metadata") or {}).get("home_country")
    country = (request.get("geoip") or {}).get("country_code")
    if home and country and home != country:
        yield Signal("abroad", 40)
    if "curl" in request.get("userAgent", "").lower():
        yield Signal("script", 50)
    if user.get("email_verified") is not True:
        yield Signal("unverified", 20)


def rule(user, context):
    found = sorted(signals(user, context), key=lambda signal: -signal.points)
    score = sum(signal.points for signal in found)
    if score > LIMIT:
        raise UnauthorizedError("this login looks unusual; please contact support")
    context.accessToken["https://example.com/risk"] = {
        "score": score,
        "reasons": [signal.reason for signal in found],
    }
