"""Lets the application into a private channel of Pusher

The application names its `channel` and `socket_id` in the query of the login; the claim is the signature that Pusher
asks for.

Needs the configuration `PUSHER_KEY` and `PUSHER_SECRET`. Every channel that is asked for is signed: check here which
the person may listen to.
"""

import hmac


def rule(user, context):
    query = (context.get("request") or {}).get("query") or {}
    channel, socket_id = query.get("channel"), query.get("socket_id")
    if not channel or not socket_id:
        return
    secret = configuration.PUSHER_SECRET.encode()
    signature = hmac.new(secret, f"{socket_id}:{channel}".encode(), "sha256").hexdigest()
    context.idToken["https://example.com/pusherAuth"] = f"{configuration.PUSHER_KEY}:{signature}"
