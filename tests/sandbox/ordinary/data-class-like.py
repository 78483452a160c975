# A value class by hand: equality, order, hash and a readable text.


class Version:
    def __init__(self, major, minor=0):
        self.major, self.minor = major, minor

    @classmethod
    def parse(cls, text):
        return cls(*map(int, text.split(".")[:2]))

    @property
    def key(self):
        return (self.major, self.minor)

    def __eq__(self, other):
        return isinstance(other, Version) and self.key == other.key

    def __ne__(self, other):
        return not self == other

    def __lt__(self, other):
        return self.key < other.key

    def __le__(self, other):
        return self.key <= other.key

    def __gt__(self, other):
        return self.key > other.key

    def __ge__(self, other):
        return self.key >= other.key

    def __hash__(self):
        return self.major * 1000 + self.minor

    def __repr__(self):
        return f"Version({self.major}, {self.minor})"


MINIMUM = Version(2, 3)


def rule(user, context):
    version = Version.parse(context.get("request", {}).get("query", {}).get("app_version", "0.0"))
    if version < MINIMUM:
        raise UnauthorizedError(f"{version!r} is too old: at least {MINIMUM!r}")
    seen = {version, Version(2, 3), Version(9)}
    context.idToken["https://example.com/version"] = [
        len(seen), version == MINIMUM, version != MINIMUM, version <= MINIMUM, version > MINIMUM, version >= MINIMUM,
        repr(max(seen)), repr(sorted(seen)[0]),
    ]

# context {"request": {"query": {"app_version": "2.3.9"}}}
# claims {"https://example.com/version": [2, true, false, true, false, true, "Version(9, 0)", "Version(2, 3)"]}
#
# context {"request": {"query": {"app_version": "2.10"}}}
# claims {"https://example.com/version": [3, false, true, false, true, true, "Version(9, 0)", "Version(2, 3)"]}
#
# denied "Version(0, 0) is too old: at least Version(2, 3)"
