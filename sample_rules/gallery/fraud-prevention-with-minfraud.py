"""Logins that MaxMind takes for fraud are refused

Asks minFraud about the network address, with hashes of the email address and the user name. Without an answer the login
goes on, with a line in the trace.

Needs the configuration `MINFRAUD_LICENSE_KEY` and `minfraud.maxmind.com` among the tenant's `allowed_hosts`.
"""

import json
from hashlib import md5

SCORES = "https://minfraud.maxmind.com/app/ccv2r"
HIGHEST = 0.20


def rule(user, context):
    request = context.get("request") or {}
    form = {
        "i": request.get("ip"),
        "user_agent": request.get("userAgent"),
        "license_key": configuration.MINFRAUD_LICENSE_KEY,
        "emailMD5": digest(user.get("email")),
        "usernameMD5": digest(user.get("username")),
    }
    try:
        answer = http.post(SCORES, data=form, timeout=1)
    except http.Error as error:
        print(f"Error while attempting fraud check: {error}")
        return
    if not answer.ok:
        print(f"Unexpected error while attempting fraud check: {answer.status_code}")
        return
    scores = dict(pair.split("=", 1) for pair in answer.text.split(";") if "=" in pair)
    print(f"Fraud response: {json.dumps(scores, indent=2)}")
    if float(scores.get("riskScore") or 0) > HIGHEST:
        raise UnauthorizedError("Fraud prevention!")


def digest(text):
    return md5(text.lower().encode(), usedforsecurity=False).hexdigest() if text else None
