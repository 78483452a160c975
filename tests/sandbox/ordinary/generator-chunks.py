# Long lists go into several claims, cut up by a generator.


def chunks(items, size):
    for start in range(0, len(items), size):
        yield items[start : start + size]


def rule(user, context):
    permissions = [f"perm:{n}" for n in range(user.get("count", 7))]
    for number, part in enumerate(chunks(permissions, 3), start=1):
        context.accessToken[f"https://example.com/permissions_{number}"] = part

# access {"https://example.com/permissions_1": ["perm:0", "perm:1", "perm:2"], "https://example.com/permissions_2":
#  ["perm:3", "perm:4", "perm:5"], "https://example.com/permissions_3": ["perm:6"]}
#
# user {"count": 0}
# claims {}
