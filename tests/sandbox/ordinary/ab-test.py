# An experiment with three variants, weighted, and a way to force one.

import hashlib

VARIANTS = [("control", 50), ("blue", 30), ("green", 20)]


def variant_for(user_id, salt="exp-7"):
    point = int(hashlib.sha1(f"{salt}/{user_id}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF * 100
    for name, share in VARIANTS:
        if point < share:
            return name
        point -= share
    return VARIANTS[-1][0]


def rule(user, context):
    forced = context.get("request", {}).get("query", {}).get("variant")
    names = [name for name, _ in VARIANTS]
    variant = forced if forced in names else variant_for(user.user_id)
    context.idToken["https://example.com/variant"] = variant
    tally = {name: 0 for name in names}
    for n in range(200):
        tally[variant_for(f"user-{n}")] += 1
    context.idToken["https://example.com/tally"] = tally

# claims {"https://example.com/variant": "green", "https://example.com/tally": {"control": 97, "blue": 59, "green":
#  44}}
#
# context {"request": {"query": {"variant": "green"}}}
# claims {"https://example.com/variant": "green", "https://example.com/tally": {"control": 97, "blue": 59, "green":
#  44}}
