# passes: harmless
import collections.abc

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
    found = leads(collections.abc)
    for part in (
        collections.abc.Callable, collections.abc.Collection, collections.abc.Container,
        collections.abc.Generator, collections.abc.Hashable, collections.abc.Iterable, collections.abc.Iterator,
        collections.abc.Mapping, collections.abc.MutableMapping, collections.abc.MutableSequence,
        collections.abc.MutableSet, collections.abc.Reversible, collections.abc.Sequence, collections.abc.Set,
        collections.abc.Sized,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'Callable', 'Sized'):
        for change in (lambda: setattr(collections.abc, name, print), lambda: delattr(collections.abc, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
