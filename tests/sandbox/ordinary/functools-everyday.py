# The pieces of `functools` that rules use.

import functools
from functools import cache, lru_cache, partial, reduce, wraps


@cache
def ways(n):
    return 1 if n < 2 else ways(n - 1) + ways(n - 2)


@lru_cache(maxsize=None)
def squared(n):
    return n * n


def logged(function):
    @wraps(function)
    def inner(*args, **kwargs):
        print(f"calling with {args}")
        return function(*args, **kwargs)

    return inner


@logged
def add(a, b=1):
    return a + b


def by_length(a, b):
    return len(a) - len(b)


def rule(user, context):
    binary = partial(int, base=2)
    merged = reduce(lambda acc, d: {**acc, **d}, [{"a": 1}, {"b": 2}, {"a": 3}], {})
    context.idToken.update(
        ways=ways(60), squares=[squared(n) for n in (2, 3, 2)], binary=binary("101"), merged=merged, add=add(2, b=3),
        longest=reduce(lambda a, b: a if len(a) >= len(b) else b, user["app_metadata"]["roles"]),
        order=sorted(["ccc", "a", "bb"], key=functools.cmp_to_key(by_length)),
    )

# claims {"ways": 2504730781961, "squares": [4, 9, 4], "binary": 5, "merged": {"a": 3, "b": 2}, "add": 5, "longest":
#  "admin", "order": ["a", "bb", "ccc"]}
# logs ["calling with (2,)"]
