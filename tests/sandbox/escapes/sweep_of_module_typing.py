# passes: harmless
import typing

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
    found = leads(typing)
    for part in (
        typing.Annotated, typing.Any, typing.AnyStr, typing.Callable, typing.ClassVar, typing.Collection,
        typing.Container, typing.DefaultDict, typing.Deque, typing.Dict, typing.Final, typing.FrozenSet,
        typing.Generator, typing.Hashable, typing.Iterable, typing.Iterator, typing.List, typing.Literal,
        typing.Mapping, typing.MutableMapping, typing.MutableSequence, typing.MutableSet, typing.Never,
        typing.NoReturn, typing.Optional, typing.Self, typing.Sequence, typing.Set, typing.Sized,
        typing.TYPE_CHECKING, typing.Text, typing.Tuple, typing.Type, typing.TypeAlias, typing.Union,
        typing.cast,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'Annotated', 'cast'):
        for change in (lambda: setattr(typing, name, print), lambda: delattr(typing, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
