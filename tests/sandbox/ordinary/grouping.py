# Groups rows with `defaultdict`, and counts with it.

from collections import defaultdict

ROWS = [("crm", "read"), ("crm", "write"), ("wiki", "read")]


def rule(user, context):
    by_app = defaultdict(list)
    for app, action in ROWS:
        by_app[app].append(action)
    counts = defaultdict(int)
    for _, action in ROWS:
        counts[action] += 1
    nested = defaultdict(lambda: defaultdict(set))
    for app, action in ROWS:
        nested[action][app].add(len(app))
    context.idToken["https://example.com/by_app"] = by_app
    context.idToken["https://example.com/counts"] = dict(counts)
    context.idToken["https://example.com/nested"] = {k: {a: sorted(s) for a, s in v.items()} for k, v in nested.items()}
    context.idToken["https://example.com/missing"] = ["zoo" in by_app, by_app.get("zoo"), by_app["zoo"], len(by_app)]

# claims {"https://example.com/by_app": {"crm": ["read", "write"], "wiki": ["read"], "zoo": []},
#  "https://example.com/counts": {"read": 2, "write": 1}, "https://example.com/nested": {"read": {"crm": [3], "wiki":
#  [4]}, "write": {"crm": [3]}}, "https://example.com/missing": [false, null, [], 3]}
