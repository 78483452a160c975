"""Asks for consent on a page of yours

The issuer sends the browser there and, when the page sends it back, runs the rules again with the
protocol `redirect-callback`. The page's answer is then in the request: here, a form field.
"""

from urllib.parse import urlencode

PAGE = "https://consent.example.com/"
TERMS = "2026-01"


def rule(user, context):
    if (user.get("user_metadata") or {}).get("terms") == TERMS:
        return
    if context.get("protocol") == "redirect-callback":
        answer = (context.get("request") or {}).get("body") or {}
        if answer.get("terms") != TERMS:
            raise UnauthorizedError("you have to agree to the terms to log in")
        auth0.users.update_user_metadata(user.user_id, {"terms": TERMS})
    else:
        context.redirect = {"url": PAGE + "?" + urlencode({"terms": TERMS})}
