# Sorting by fields with `itemgetter`, as many tutorials do.

from operator import itemgetter

PLANS = [{"name": "pro", "price": 20}, {"name": "free", "price": 0}, {"name": "team", "price": 20}]


def rule(user, context):
    by_price = sorted(PLANS, key=itemgetter("price", "name"))
    context["idToken"]["https://example.com/plans"] = [plan["name"] for plan in by_price]
    context["idToken"]["https://example.com/cheapest"] = min(PLANS, key=itemgetter("price"))["name"]

# claims {"https://example.com/plans": ["free", "pro", "team"], "https://example.com/cheapest": "free"}
