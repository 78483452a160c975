# A class that behaves like a collection.


class Permissions:
    def __init__(self, names):
        self.names = {name: True for name in names}

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        return iter(sorted(self.names))

    def __contains__(self, name):
        area = name.split(":")[0]
        return name in self.names or f"{area}:*" in self.names

    def __getitem__(self, name):
        return self.names[name]

    def __setitem__(self, name, value):
        self.names[name] = value

    def __delitem__(self, name):
        del self.names[name]

    def __and__(self, other):
        return Permissions(n for n in self if n in other)

    def __or__(self, other):
        return Permissions([*self, *other])

    def __xor__(self, other):
        return Permissions(n for n in self | other if (n in self) != (n in other))


def rule(user, context):
    mine = Permissions(["users:*", "read"])
    wanted = Permissions(["read", "users:delete", "logs"])
    wanted["extra"] = False
    del wanted["logs"]
    context.idToken.update(
        both=list(wanted & mine), all=list(mine | wanted), either=list(mine ^ wanted), count=len(wanted),
        extra=wanted["extra"], can=["users:create" in mine, "logs" in mine], loop=[name.upper() for name in mine],
    )

# claims {"both": ["read", "users:delete"], "all": ["extra", "read", "users:*", "users:delete"], "either": ["extra",
#  "users:*"], "count": 3, "extra": false, "can": [true, false], "loop": ["READ", "USERS:*"]}
