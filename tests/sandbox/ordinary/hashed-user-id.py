# A stable, meaningless id for analytics: the first characters of a salted hash.

import hashlib

SALT = "analytics-2027"


def rule(user, context):
    user_id = user["user_id"]
    digest = hashlib.sha256(f"{SALT}:{user_id}".encode("utf-8")).hexdigest()
    context.idToken["https://example.com/analytics_id"] = digest[:16]
    context.idToken["https://example.com/bucket"] = int(digest, 16) % 100

# claims {"https://example.com/analytics_id": "89e098e02945f34e", "https://example.com/bucket": 31}
#
# user {"user_id": "google-oauth2|117"}
# claims {"https://example.com/analytics_id": "4e4762b3ed1cecad", "https://example.com/bucket": 5}
