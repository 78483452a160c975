# Checks a signature in the query string before it believes a parameter.

import hashlib
import hmac

KEY = b"shared with the portal"


def sign(text):
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def rule(user, context):
    query = context.get("request", {}).get("query", {})
    role = query.get("role", "")
    if not hmac.compare_digest(sign(role), query.get("sig", "")):
        raise UnauthorizedError("bad signature")
    mac = hmac.new(KEY, digestmod="sha1")
    mac.update(role.encode())
    other = mac.copy()
    other.update(b"!")
    context.idToken.update(
        role=role, short=hmac.digest(KEY, b"x", "sha256").hex()[:8], sizes=[mac.digest_size, mac.block_size, mac.name],
        differ=mac.digest() != other.digest(), sha1=mac.hexdigest()[:8],
    )

# context {"request": {"query": {"role": "boss", "sig":
#  "d3f6a8e530378ede210455427e8374664e0e5b90a8be5bcca17be33f8d086965"}}}
# claims {"role": "boss", "short": "c77f6226", "sizes": [20, 64, "hmac-sha1"], "differ": true, "sha1": "e66fcec0"}
#
# context {"request": {"query": {"role": "boss"}}}
# denied "bad signature"
