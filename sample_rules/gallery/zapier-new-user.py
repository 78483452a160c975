"""Every new user goes to Zapier

A few fields of user and context at the first login, where Auth0's template sent the whole user. Refreshed tokens,
silent logins and the way back from a page are no first logins. When Zapier does not answer the login goes on, with a
line in the trace.

Needs the configuration `ZAP_HOOK_URL` and its host among the tenant's `allowed_hosts`.
"""

PROFILE = ("user_id", "email", "name", "nickname", "picture")


def is_first_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    count = (context.get("stats") or {}).get("loginsCount")
    return count == 1 and not again and query.get("prompt") != "none"


def rule(user, context):
    if not is_first_login(context):
        return
    request = context.get("request") or {}
    login = {name: user[name] for name in PROFILE if name in user} | {
        "appName": context.get("clientName"),
        "userAgent": request.get("userAgent"),
        "ip": request.get("ip"),
        "connection": context.get("connection"),
        "strategy": context.get("connectionStrategy"),
    }
    try:
        http.post(configuration.ZAP_HOOK_URL, json=login, timeout=1).raise_for_status()
    except http.Error as error:
        print("Zapier has not got the new user:", error)
