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
    value = 'a1'
    found = leads(value)
    for part in (
        value.capitalize, value.casefold, value.center, value.count, value.encode, value.endswith,
        value.expandtabs, value.find, value.format, value.format_map, value.index, value.isalnum, value.isalpha,
        value.isascii, value.isdecimal, value.isdigit, value.isidentifier, value.islower, value.isnumeric,
        value.isprintable, value.isspace, value.istitle, value.isupper, value.join, value.ljust, value.lower,
        value.lstrip, value.partition, value.removeprefix, value.removesuffix, value.replace, value.rfind,
        value.rindex, value.rjust, value.rpartition, value.rsplit, value.rstrip, value.split, value.splitlines,
        value.startswith, value.strip, value.swapcase, value.title, value.translate, value.upper, value.zfill,
    ):
        found += leads(part)
    assert not found, found
