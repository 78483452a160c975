"""A fraud score by Socure, asked for once

Score, confidence and details become claims, and updates of `app_metadata`, in which they are found at later logins.
When Socure does not answer the login goes on without, with a line in the trace.

Needs the configuration `SOCURE_KEY` and `service.socure.com` among the tenant's `allowed_hosts`.
"""

PARTS = ("fraudscore", "confidence", "details")


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    email = user.get("email")
    if metadata.get("socure_fraudscore") or not email:
        return
    question = {
        "email": email,
        "socurekey": configuration.SOCURE_KEY,
        "ipaddress": (context.get("request") or {}).get("ip"),
    }
    try:
        answer = http.get("https://service.socure.com/api/1/EmailAuthScore", params=question, timeout=1)
        answer.raise_for_status()
    except http.Error as error:
        print("Socure does not answer:", error)
        return
    found = answer.json()
    if found.get("status") != "Ok":
        print("Socure has no score:", found.get("status"))
        return
    scores = {f"socure_{part}": found["data"].get(part) for part in PARTS}
    user.app_metadata = metadata | scores
    auth0.users.update_app_metadata(user.user_id, scores)
    for name, value in scores.items():
        context.idToken[f"https://example.com/{name}"] = value
