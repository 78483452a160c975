# Groups contain groups: a member of a small one is a member of all those above it.

PARENTS = {
    "backend": ["engineering"],
    "frontend": ["engineering", "design"],
    "engineering": ["staff"],
    "design": ["staff"],
    "staff": [],
    "loop-a": ["loop-b"],
    "loop-b": ["loop-a"],
}


def ancestors(group, seen=None):
    seen = set() if seen is None else seen
    if group not in seen:
        seen.add(group)
        for parent in PARENTS.get(group, ()):
            ancestors(parent, seen)
    return seen


def rule(user, context):
    groups = set()
    for group in user.get("groups", []):
        groups |= ancestors(group)
    context.idToken["https://example.com/groups"] = sorted(groups)

# user {"groups": ["frontend"]}
# claims {"https://example.com/groups": ["design", "engineering", "frontend", "staff"]}
#
# user {"groups": ["loop-a", "unknown"]}
# claims {"https://example.com/groups": ["loop-a", "loop-b", "unknown"]}
