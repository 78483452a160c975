# passes: harmless
import hashlib

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
    found = leads(hashlib)
    for part in (
        hashlib.blake2b, hashlib.blake2s, hashlib.md5, hashlib.new, hashlib.sha1, hashlib.sha224,
        hashlib.sha256, hashlib.sha384, hashlib.sha3_224, hashlib.sha3_256, hashlib.sha3_384, hashlib.sha3_512,
        hashlib.sha512,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'blake2b', 'sha512'):
        for change in (lambda: setattr(hashlib, name, print), lambda: delattr(hashlib, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
