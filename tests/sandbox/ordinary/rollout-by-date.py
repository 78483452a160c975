# A feature comes to five per cent more every day.

from datetime import date
from binascii import crc32


def rule(user, context):
    days = (date.today() - date(2027, 1, 5)).days
    share = min(max(days * 5, 0), 100)
    bucket = crc32(user["user_id"].encode()) % 100
    context["idToken"]["https://example.com/rollout"] = {"share": share, "in": bucket < share}

# claims {"https://example.com/rollout": {"share": 50, "in": true}}
