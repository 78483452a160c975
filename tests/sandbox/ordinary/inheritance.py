# Small class hierarchy with `super()` and an overridden method.


class Policy:
    name = "default"

    def __init__(self, minutes=60):
        self.minutes = minutes

    def describe(self):
        return f"{self.name}: {self.minutes} min"


class StrictPolicy(Policy):
    name = "strict"

    def __init__(self):
        super().__init__(minutes=10)

    def describe(self):
        return super().describe() + ", second factor"


POLICIES = {"bank": StrictPolicy(), "forum": Policy(24 * 60)}


def rule(user, context):
    policy = POLICIES.get(context["clientID"], Policy())
    context["idToken"]["https://example.com/policy"] = policy.describe()
    context["idToken"]["https://example.com/strict"] = isinstance(policy, StrictPolicy)

# claims {"https://example.com/policy": "default: 60 min", "https://example.com/strict": false}
#
# context {"clientID": "bank"}
# claims {"https://example.com/policy": "strict: 10 min, second factor", "https://example.com/strict": true}
#
# context {"clientID": "forum"}
# claims {"https://example.com/policy": "default: 1440 min", "https://example.com/strict": false}
