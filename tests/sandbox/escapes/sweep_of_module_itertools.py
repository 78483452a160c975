# passes: harmless
import itertools

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
    found = leads(itertools)
    for part in (
        itertools.accumulate, itertools.chain, itertools.combinations, itertools.combinations_with_replacement,
        itertools.compress, itertools.count, itertools.cycle, itertools.dropwhile, itertools.filterfalse,
        itertools.groupby, itertools.islice, itertools.pairwise, itertools.permutations, itertools.product,
        itertools.repeat, itertools.starmap, itertools.takewhile, itertools.tee, itertools.zip_longest,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'accumulate', 'zip_longest'):
        for change in (lambda: setattr(itertools, name, print), lambda: delattr(itertools, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
