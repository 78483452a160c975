# Feature flags for a share of the users, the same ones at every login.

import hashlib

FLAGS = {"new_dashboard": 50, "dark_mode": 100, "beta_search": 5, "old_export": 0}


def percentile(flag, user_id):
    digest = hashlib.md5(f"{flag}:{user_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") * 100 // 2**32


def rule(user, context):
    enabled = [flag for flag, share in FLAGS.items() if percentile(flag, user["user_id"]) < share]
    context.idToken["https://example.com/features"] = enabled

# claims {"https://example.com/features": ["dark_mode"]}
#
# user {"user_id": "auth0|5f7c8ec7c33c6c004bbafe82"}
# claims {"https://example.com/features": ["new_dashboard", "dark_mode"]}
