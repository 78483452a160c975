# Chooses the plan by the amount spent, with `bisect`-like search in a sorted table.

PLANS = [(0, "free"), (100, "bronze"), (1_000, "silver"), (10_000, "gold")]


def plan_for(amount):
    low, high = 0, len(PLANS)
    while low < high:
        middle = (low + high) // 2
        if PLANS[middle][0] <= amount:
            low = middle + 1
        else:
            high = middle
    return PLANS[low - 1][1]


def rule(user, context):
    spent = user.get("spent", [])
    context.idToken["https://example.com/plan"] = plan_for(sum(spent))
    context.idToken["https://example.com/next"] = next((limit - sum(spent) for limit, _ in PLANS if limit > sum(spent)), None)

# user {"spent": [40, 59.5]}
# claims {"https://example.com/plan": "free", "https://example.com/next": 0.5}
#
# user {"spent": [1000]}
# claims {"https://example.com/plan": "silver", "https://example.com/next": 9000}
#
# user {"spent": [20000]}
# claims {"https://example.com/plan": "gold", "https://example.com/next": null}
#
# claims {"https://example.com/plan": "free", "https://example.com/next": 100}
