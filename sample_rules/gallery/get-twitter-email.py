"""The email address of those who come by Twitter

Twitter tells it only to a call that is signed with the person's own token (OAuth 1.0a), which the issuer has to hand on
in `user.identities`. The address is on `user` for the rules behind this one. Without an answer the rule fails: with
`on_failure: skip` the login goes on.

Needs the configuration `TWITTER_CONSUMER_KEY` and `TWITTER_CONSUMER_SECRET_KEY`, and `api.twitter.com` among the
tenant's `allowed_hosts`.
"""

import base64
import hmac
import secrets
import time
from urllib.parse import quote, urlencode

ADDRESS = "https://api.twitter.com/1.1/account/verify_credentials.json"
QUERY = {"include_email": "true"}


def rule(user, context):
    if context.get("connectionStrategy") != "twitter":
        return
    identity = next((one for one in user.get("identities") or [] if one.get("connection") == "twitter"), {})
    if not identity.get("access_token"):
        return
    header = signed("GET", identity["access_token"], identity["access_token_secret"])
    answer = http.get(ADDRESS, params=QUERY, headers={"Authorization": header}, timeout=1)
    answer.raise_for_status()
    if email := answer.json().get("email"):
        user.email = email


def signed(method, token, token_secret):
    """The header of a call by its method, address, parameters and both secrets (RFC 5849)."""
    oauth = {
        "oauth_consumer_key": configuration.TWITTER_CONSUMER_KEY,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(time.time())),
        "oauth_token": token,
        "oauth_version": "1.0",
    }
    parameters = urlencode(sorted({**QUERY, **oauth}.items()), quote_via=quote, safe="")
    text = "&".join(escaped(part) for part in (method, ADDRESS, parameters))
    key = f"{escaped(configuration.TWITTER_CONSUMER_SECRET_KEY)}&{escaped(token_secret)}"
    oauth["oauth_signature"] = base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1")).decode()
    return "OAuth " + ", ".join(f'{name}="{escaped(value)}"' for name, value in sorted(oauth.items()))


def escaped(text):
    return quote(text, safe="")
