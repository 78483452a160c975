# How far is this login from the last one? Great-circle distance and speed.

import math
from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371


def distance(a, b):
    (lat1, lon1), (lat2, lon2) = [(radians(p["latitude"]), radians(p["longitude"])) for p in (a, b)]
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(h))


def rule(user, context):
    here = context.get("request", {}).get("geoip")
    there = (user.get("app_metadata") or {}).get("last_geoip")
    if not here or not there:
        return
    km = distance(there, here)
    hours = max(there.get("hours_ago", 1), 0.1)
    speed = km / hours
    context.idToken["https://example.com/travel"] = {"km": math.floor(km), "speed": math.ceil(speed)}
    if speed > 1000 and not math.isclose(km, 0):
        context.multifactor = {"provider": "any"}

# user {"app_metadata": {"last_geoip": {"latitude": 48.85, "longitude": 2.35, "hours_ago": 2}}}
# context {"request": {"geoip": {"latitude": 52.52, "longitude": 13.4}}}
# claims {"https://example.com/travel": {"km": 877, "speed": 439}}
#
# user {"app_metadata": {"last_geoip": {"latitude": 48.85, "longitude": 2.35}}}
# context {"request": {"geoip": {"latitude": 40.7, "longitude": -74.0}}}
# claims {"https://example.com/travel": {"km": 5837, "speed": 5838}}
# multifactor {"provider": "any"}
#
# claims {}
