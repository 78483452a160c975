# Sends the person to another service with a short-lived signed token, and checks the one that comes back.

import time

import jwt

SECRET = "a secret of 32 characters at least"


def rule(user, context):
    query = context.get("request", {}).get("query", {})
    if "token" in query:
        try:
            payload = jwt.decode(query["token"], SECRET, algorithms=["HS256"], audience="claims", issuer="portal")
        except jwt.ExpiredSignatureError:
            raise UnauthorizedError("the invitation has expired")
        except jwt.InvalidTokenError as error:
            raise UnauthorizedError(f"bad invitation: {type(error).__name__}")
        context.idToken["https://example.com/invited_by"] = payload["inviter"]
        return
    now = int(time.time())
    token = jwt.encode(
        {"sub": user.user_id, "iat": now, "exp": now + 300, "aud": "portal"}, SECRET, algorithm="HS256"
    )
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    context.redirect = {"url": "https://portal.example.com/?token=" + token}
    context.idToken["https://example.com/token"] = [header["alg"], claims["exp"] - claims["iat"], token.count(".")]

# claims {"https://example.com/token": ["HS256", 300, 2]}
# redirect {"url":
#  "https://portal.example.com/?token=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhdXRoMHwxIiwiaWF0IjoxODAwMDAwMDAwLCJleHAiOjE4MDAwMDAzMDAsImF1ZCI6InBvcnRhbCJ9.wrYvVhCYZ7Tzl5bPWwXh5ctmkxxu_Ju67y_q4juUqmE"}
#
# context {"request": {"query": {"token":
#  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpbnZpdGVyIjoiYm9iIiwiYXVkIjoiY2xhaW1zIiwiaXNzIjoicG9ydGFsIiwiZXhwIjo0MDAwMDAwMDAwfQ.nFnBgCVMbxlUuvglLv4AJUjUhjDebJz4x8zwpmO-Zi8"}}}
# claims {"https://example.com/invited_by": "bob"}
#
# context {"request": {"query": {"token":
#  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpbnZpdGVyIjoiYm9iIiwiYXVkIjoiY2xhaW1zIiwiaXNzIjoicG9ydGFsIiwiZXhwIjoxNjAwMDAwMDAwfQ.qRLszT6bNHkctu9aWSoCgIRAXG_cWKN9W5gH-L5qP5E"}}}
# denied "the invitation has expired"
#
# context {"request": {"query": {"token": "a.b.c"}}}
# denied "bad invitation: DecodeError"
