"""What statements of generated rules are made of, as literal tables. Holes as in `tests.fuzz.words`; `@` is the target."""

# ruff: noqa: E501

from __future__ import annotations

SHAPES = {  # what an augmented assignment works with
    "int": ("+=", "-=", "*=", "//=", "%=", "|=", "^=", "&="),
    "str": ("+=", "*=", "%="),
    "list": ("+=", "*="),
    "dict": ("|=",),
    "set": ("|=", "&=", "-=", "^="),
    "float": ("+=", "-=", "*=", "/=", "**="),
    "tuple": ("+=",),
}

CHANGED = (
    ("user.permissions", "list"),
    ("user.app_metadata.roles", "list"),
    ("user['app_metadata']['roles']", "list"),
    ("context.idToken", "dict"),
    ("user.app_metadata", "dict"),
    ("user.user_metadata", "dict"),
    ("user", "dict"),
)
CHANGES = {
    "list": (
        "@.append($any)", "@.extend($list)", "@ += $list", "@ *= 2", "@.insert(0, $any)", "@.pop()", "@.pop(0)", "@.remove(@[0])", "@.clear()",
        "@.sort(key=str)", "@.reverse()", "@[0] = $any", "@[-1] = $any", "@[1:] = $list", "@[:0] = $list", "del @[0]", "del @[:]", "@[::2] = []",
        "@.append(@)", "@.append([$any])", "@[-1].append($any)", "@.append({'n': $any})", "@[-1]['x'] = $any", "@.extend(str(x) for x in @)",
    ),
    "dict": (
        "@['x'] = $any", "@.x = $any", "@.update(a=$any, b=$any)", "@.update($dict)", "@ |= {'y': $any}", "@.pop('x', None)", "@.setdefault('l', []).append($any)",
        "@.clear()", "@.popitem()", "del @['x']", "@[$key] = $any", "@['self'] = @", "@.d = {'e': {}}", "@.d.e.f = $any", "@.update((k, $any) for k in $list)",
        "@['copy'] = @.copy()", "@.n = dict(@)", "@['t'] = ($any, [$any])",
    ),
}  # fmt: skip
PATTERNS = (
    "0", "1 | 2", "'a'", "None", "True", "[]", "[a]", "[a, *rest]", "(1, x)", "{'a': x}", "{'a': [x, *y], **rest}", "{'email': str_}", "-1.5", "'x' | 'y' | None",
    "[[a, b], *c]", "{'n': n} as whole", "(1 | 2) as n", "{}", "[1, [2, {'k': v}]]",
)  # fmt: skip
REFUSED_PATTERNS = (
    "str()",
    "dict(a=1)",
    "user.email",
    "{user.email: 1}",
    "_x",
    "[*_x]",
    "{**_x}",
    "(a, a)",
    "object(__class__=c)",
)
SIGNATURES = (
    ("", ""),
    ("a", "1"),
    ("a, b='x'", "1, 'y'"),
    ("a, *b", "1, 2, 3"),
    ("a=1, **b", "a=2, c=3"),
    ("*, a=1, b=$any", "b=2"),
    ("a, /, b=$any", "1"),
    ("a=[], b={}", ""),
    ("*a, b=None, **c", "1, *[2], **{'k': 3}"),
    ("a: Missing = 1, b: 'str' = 'x'", ""),
)
GENERATOR_USES = (
    "next(@())", "list(@())", "context.idToken.g = list(@($int))", "s = @()\nnext(s)\ns.send($any)", "s = @()\nnext(s)\ns.close()", "for t in @():\n    user.t = t",
    "context.idToken.update(@())", "user.permissions.extend(@())", "kept = @()\nnext(kept)\ncontext.idToken.k = kept", "sorted(@(), key=str)", "s = @()\ndel s",
    "a, *b = @()", "print(*@())", "', '.join(map(str, @()))",
)  # fmt: skip
METHOD_ARGUMENTS = {
    "__init__": "self, *a",
    "__call__": "self, *a, **k",
    "__setitem__": "self, key, value",
}
METHOD_KINDS = {
    "__init__": "none", "__str__": "str", "__repr__": "str", "__len__": "int", "__hash__": "int", "__bool__": "bool", "__eq__": "bool", "__ne__": "bool",
    "__lt__": "bool", "__le__": "bool", "__gt__": "bool", "__ge__": "bool", "__contains__": "bool", "__iter__": "object", "__next__": "int", "__getitem__": "int",
}  # fmt: skip
INSTANCE_USES = (
    "context.idToken.o = @()", "user[@()] = 1", "str(@())", "f'{@()!r:>4}'", "list(@())", "@() + @()", "@() == @()", "sorted([@(), @()])", "{@(): 1}", "{@(), @()}",
    "len(@())", "@()[0]", "@()[$any]", "$any in @()", "'{0.x}'.format(@())", "'{0[a]}'.format(@())", "raise @()", "callback(@())", "print(@(), sep=@())", "next(@())",
    "context.idToken[str(@())] = [@()]", "auth0.users.updateUserMetadata(user.user_id, {'a': @()})", "auth0.users.updateUserMetadata(@(), {})", "user.o = {'o': @()}",
    "@.x", "getattr(@(), $hidden)", "setattr(@(), 'x', $any)", "o = @(); o.x = 1; o.y += $any", "@() and 1", "not @()", "max(@(), @())", "json.dumps(@())", "re.match(@(), 'a')",
    "isinstance(@(), @)", "type(@())()", "@()($any)", "str.join(@(), $list)", "$str.replace('a', @())", "$list[@()]", "range(@())", "user.permissions.index(@())",
    "user.permissions.sort(key=@())", "dict(@())", "{**@()}", "f1 = lambda *a: 1; f1(*@())", "int(@())", "float(@())", "bytes(@())", "hash_ = hashlib.sha256(@())",
    "datetime.datetime(@(), 1, 1)", "sum([@()], @())", "any([@()])", "min(@(), key=@())", "print(@().args)", "@.__class__", "del @().x", "slice(@(), 1).indices(3)",
)  # fmt: skip
