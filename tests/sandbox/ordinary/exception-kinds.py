# What goes wrong in everyday code, and how Python says so.


def attempt(action):
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "fine"


def not_written():
    raise NotImplementedError("later")


def rule(user, context):
    context.idToken["errors"] = [
        attempt(lambda: user["nickname"]),
        attempt(lambda: [][0]),
        attempt(lambda: 1 // 0),
        attempt(lambda: int("x")),
        attempt(lambda: "a" + 1),
        attempt(lambda: next(iter([]))),
        attempt(lambda: 1 @ 2),
        attempt(not_written),
        attempt(lambda: None),
    ]

# claims {"errors": ["KeyError: 'nickname'", "IndexError: list index out of range", "ZeroDivisionError: integer
#  division or modulo by zero", "ValueError: invalid literal for int() with base 10: 'x'", "TypeError: can only
#  concatenate str (not \"int\") to str", "StopIteration: ", "TypeError: unsupported operand type(s) for @: 'int' and
#  'int'", "NotImplementedError: later", "fine"]}
