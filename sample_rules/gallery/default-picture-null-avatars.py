"""A default picture of yours

Where nobody has uploaded one, the picture's address names Auth0's default, on `cdn.auth0.com`: this names yours in the
parameter `d`. The change is for the rules behind this one; a claim `picture` is set on `context.idToken`.
"""

from urllib.parse import parse_qs, urlencode

DEFAULT = "URL_TO_YOUR_DEFAULT_PICTURE_HERE"


def rule(user, context):
    picture = user.get("picture") or ""
    if "cdn.auth0.com" not in picture:
        return
    address, _, query = picture.partition("?")
    user.picture = f"{address}?{urlencode({**parse_qs(query), 'd': DEFAULT}, doseq=True)}"
