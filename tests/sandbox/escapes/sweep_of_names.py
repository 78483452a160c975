# passes: harmless
INSIDES = (
    "__class__", "__self__", "__func__", "__globals__", "__builtins__", "__code__", "__closure__", "__dict__", "__module__",
    "__wrapped__", "__reduce_ex__", "__getattribute__", "__init__", "__subclasses__", "__mro__", "mro", "gi_frame", "gi_code",
    "cr_frame", "ag_frame", "tb_frame", "tb_next", "f_back", "f_globals", "f_locals", "f_builtins", "f_code", "co_consts",
    "func", "keywords", "fget", "fset", "obj", "object", "func_globals", "im_self", "cache_clear", "cache_info", "_x", "_value",
)


def leads(value):
    """The insides of `value` that can be read by name."""
    return [name for name in INSIDES if hasattr(value, name)]


def rule(user, context):
    found = []
    for value in (
        ArithmeticError, AssertionError, AttributeError, Ellipsis, Exception, False, ImportError, IndexError,
        KeyError, LookupError, MemoryError, NameError, None, NotImplemented, NotImplementedError, OverflowError,
        RecursionError, RuntimeError, StopIteration, TimeoutError, True, TypeError, UnauthorizedError,
        UnicodeDecodeError, UnicodeEncodeError, UnicodeError, ValueError, ZeroDivisionError, abs, all, any,
        ascii, auth0, bin, bool, bytes, callable, chr, classmethod, delattr, dict, divmod, enumerate, filter,
        float, format, frozenset, getattr, hasattr, hex, int, isinstance, issubclass, iter, len, list, map, max,
        min, next, object, oct, ord, pow, print, property, range, repr, reversed, round, set, setattr, slice,
        sorted, staticmethod, str, sum, tuple, type, zip,
    ):
        found += leads(value)
        for name in ('kept', 'args', 'get'):
            try:
                setattr(value, name, user.email)
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
