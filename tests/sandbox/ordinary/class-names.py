# Texts with the names of classes.


class Policy:
    def __repr__(self):
        return f"{self.__class__.__name__}()"


class Strict(Policy):
    pass


def rule(user, context):
    names = [repr(Policy()), repr(Strict()), type(Strict()).__name__, Policy.__name__, type([]).__name__]
    context["idToken"]["https://example.com/names"] = names

# claims {"https://example.com/names": ["Policy()", "Strict()", "Strict", "Policy", "list"]}
