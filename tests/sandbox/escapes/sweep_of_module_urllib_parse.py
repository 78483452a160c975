# passes: harmless
import urllib.parse

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
    found = leads(urllib.parse)
    for part in (
        urllib.parse.parse_qs, urllib.parse.parse_qsl, urllib.parse.quote, urllib.parse.quote_from_bytes,
        urllib.parse.quote_plus, urllib.parse.unquote, urllib.parse.unquote_plus, urllib.parse.unquote_to_bytes,
        urllib.parse.urldefrag, urllib.parse.urlencode, urllib.parse.urljoin, urllib.parse.urlparse,
        urllib.parse.urlsplit, urllib.parse.urlunparse, urllib.parse.urlunsplit,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'parse_qs', 'urlunsplit'):
        for change in (lambda: setattr(urllib.parse, name, print), lambda: delattr(urllib.parse, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
