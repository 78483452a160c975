# Errors and the families that they belong to.

FAMILIES = [ArithmeticError, LookupError, UnicodeError, NameError, RuntimeError, ImportError, TimeoutError, MemoryError]


def deeper(n):
    return deeper(n + 1)


def fail(kind, *args):
    try:
        raise kind(*args)
    except tuple(FAMILIES) as error:
        return [family.__name__ for family in FAMILIES if isinstance(error, family)]
    except Exception as error:
        return type(error).__name__


def rule(user, context):
    kinds = [ZeroDivisionError, OverflowError, IndexError, KeyError, RecursionError, NotImplementedError, NameError, ImportError,
             TimeoutError, MemoryError, UnicodeError, AttributeError, TypeError, StopIteration]
    context.idToken["families"] = {kind.__name__: fail(kind, "x") for kind in kinds}
    context.idToken["sub"] = [issubclass(KeyError, LookupError), issubclass(KeyError, (IndexError, ValueError)), issubclass(bool, int)]
    try:
        deeper(0)
    except RecursionError as error:
        context.idToken["deep"] = isinstance(error, RuntimeError)
    try:
        "é".encode("ascii")
    except UnicodeEncodeError:
        context.idToken["text"] = "not ascii"

# claims {"families": {"ZeroDivisionError": ["ArithmeticError"], "OverflowError": ["ArithmeticError"], "IndexError":
#  ["LookupError"], "KeyError": ["LookupError"], "RecursionError": ["RuntimeError"], "NotImplementedError":
#  ["RuntimeError"], "NameError": ["NameError"], "ImportError": ["ImportError"], "TimeoutError": ["TimeoutError"],
#  "MemoryError": ["MemoryError"], "UnicodeError": ["UnicodeError"], "AttributeError": "AttributeError", "TypeError":
#  "TypeError", "StopIteration": "StopIteration"}, "sub": [true, false, true], "deep": true, "text": "not ascii"}
