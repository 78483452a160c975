# passes: harmless
import operator

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
    found = leads(operator)
    for part in (
        operator.abs, operator.add, operator.and_, operator.concat, operator.contains, operator.eq,
        operator.floordiv, operator.ge, operator.gt, operator.itemgetter, operator.le, operator.lt,
        operator.mod, operator.mul, operator.ne, operator.neg, operator.not_, operator.or_, operator.pos,
        operator.pow, operator.sub, operator.truediv, operator.truth, operator.xor,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'abs', 'xor'):
        for change in (lambda: setattr(operator, name, print), lambda: delattr(operator, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
