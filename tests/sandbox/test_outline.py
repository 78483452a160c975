"""What a script says of claims, as a reader would see it."""

from __future__ import annotations

import pytest

from sandbox.outline import outline
from sandbox.wire import MOST_OUTLINED, MOST_TEXT


def settings(body: str, before: str = "") -> list[tuple[int, str, str | None, str]]:
    """Line (1 is the first of the body), token, claim and op."""
    lines = "\n".join("    " + line for line in body.splitlines())
    head = f"{before}def rule(user, context):\n"
    found = outline(f"{head}{lines}\n").settings
    return [(one.line - head.count("\n"), one.token, one.claim, one.op) for one in found]


ID = "idToken"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("context.idToken['a'] = 1", [(1, ID, "a", "set")]),
        ("context.idToken.a = 1", [(1, ID, "a", "set")]),
        ("context['idToken']['a'] = 1", [(1, ID, "a", "set")]),
        ("context.accessToken['a'] += 1", [(1, "accessToken", "a", "set")]),
        ("context.idToken['a']: int = 1", [(1, ID, "a", "set")]),
        ("x, context.idToken['a'] = 1, 2", [(1, ID, "a", "set")]),
        ("del context.idToken['a']", [(1, ID, "a", "remove")]),
        ("context.idToken.pop('a', None)", [(1, ID, "a", "remove")]),
        ("context.idToken.clear()", [(1, ID, None, "remove")]),
        ("context.idToken.setdefault('a', 1)", [(1, ID, "a", "set")]),
        ("context.idToken.update({'a': 1}, b=2)", [(1, ID, "b", "set"), (1, ID, "a", "set")]),
        ("context.idToken.update(user)", [(1, ID, None, "set")]),
        ("context.idToken = {'a': 1}", [(1, ID, None, "remove"), (1, ID, "a", "set")]),
        ("t = context.idToken\nt['a'] = 1", [(2, ID, "a", "set")]),
        ("ns = 'https://e/'\ncontext.idToken[ns + 'a'] = 1", [(2, ID, "https://e/a", "set")]),
        ("ns = 'https://e/'\ncontext.idToken[f'{ns}a'] = 1", [(2, ID, "https://e/a", "set")]),
        ("ns = 'a'\nns = 'b'\ncontext.idToken[ns] = 1", [(3, ID, None, "set")]),
        ("for ns in 'ab':\n    context.idToken[ns] = 1", [(2, ID, None, "set")]),
        ("t = context.idToken\nt = user\nt['a'] = 1", []),
        ("context.idToken[user.name] = 1", [(1, ID, None, "set")]),
        ("context.idToken.a.b = 1", []),
        ("user.idToken = {'a': 1}", []),
        ("x = context.idToken.get('a')", []),
        ("context.request.idToken = 1", []),
    ],
)  # fmt: skip
def test_settings(body: str, expected: list[tuple[int, str, str | None, str]]) -> None:
    assert settings(body) == expected


def test_names_of_the_module_and_helper_functions() -> None:
    before = "NS = 'https://e/'\ndef put(token, name):\n    token[NS + 'h'] = name\n"
    assert settings("put(context.idToken, 1)\ncontext.idToken[NS + 'a'] = 2", before) == [
        (-1, ID, "https://e/h", "set"),
        (2, ID, "https://e/a", "set"),
    ]
    assert settings("put(user, 1)", before) == []


def guards(body: str) -> list[tuple[int, str, str, bool]]:
    """Of the first statement that sets a claim."""
    lines = "\n".join("    " + line for line in body.splitlines())
    found = outline(f"def rule(user, context):\n{lines}\n").settings[0].guards
    return [(guard.line - 1, guard.kind, guard.test, guard.wanted) for guard in found]


SET = "context.idToken.a = 1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (SET, []),
        (f"if user.a:\n    {SET}", [(1, "if", "user.a", True)]),
        (f"if user.a:\n    pass\nelse:\n    {SET}", [(1, "if", "user.a", False)]),
        (f"if user.a:\n    pass\nelif user.b:\n    {SET}", [(1, "if", "user.a", False), (2 + 1, "if", "user.b", True)]),
        (f"if user.a:\n    return\n{SET}", [(1, "return", "user.a", False)]),
        (f"if user.a:\n    pass\nelse:\n    raise ValueError()\n{SET}", [(1, "raise", "user.a", True)]),
        (f"for x in user.l:\n    if x:\n        continue\n    {SET}",
         [(1, "for", "user.l", True), (2, "return", "x", False)]),
        (f"while user.a:\n    {SET}", [(1, "while", "user.a", True)]),
        (f"try:\n    x = user.a\nexcept KeyError:\n    {SET}", [(1, "except", "KeyError", True)]),
        (f"try:\n    {SET}\nfinally:\n    pass", []),
        (f"match user.k:\n    case 'x' if user.a:\n        {SET}",
         [(1, "match", "user.k: case 'x'", True), (2, "if", "user.a", True)]),
        (f"if user.a:\n    if user.b:\n        return\n    {SET}",
         [(1, "if", "user.a", True), (2, "return", "user.b", False)]),
    ],
)  # fmt: skip
def test_guards(body: str, expected: list[tuple[int, str, str, bool]]) -> None:
    assert guards(body) == expected


def test_a_helper_runs_when_the_line_that_calls_it_does() -> None:
    source = """\
def put(token):
    token.a = 1
def rule(user, context):
    if user.a:
        put(context.idToken)
"""
    (setting,) = outline(source).settings
    assert [(guard.line, guard.test) for guard in setting.guards] == [(4, "user.a")]
    (setting,) = outline(source + "    put(context.idToken)\n").settings
    assert setting.guards == []


def test_reads() -> None:
    source = """\
def rule(user, context):
    plan = user.app_metadata.plan
    if context.request.query.get('prompt') == 'none' and plan['x']:
        user.y = 1
"""
    assert [(read.line, read.path) for read in outline(source).reads] == [
        (2, "/user/app_metadata"),
        (2, "/user/app_metadata/plan"),
        (3, "/context/request"),
        (3, "/context/request/query"),
        (3, "/context/request/query/prompt"),
        (3, "/user/app_metadata/plan"),
        (3, "/user/app_metadata/plan/x"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = (",
        "def other(): pass",
        "def rule(): pass",
        "rule = 1",
        "def rule(user, context):\n    rule(user, context)\n",
        "def a(x):\n    b(x)\ndef b(x):\n    a(x)\ndef rule(user, context):\n    a(context.idToken)\n",
        "def rule(user, context):\n    x = x\n    y = y.z\n    context.idToken[x] = y\n" * 3,
        "def rule(user, context):\n    return " + "(" * 500 + ")" * 500,
        "def rule(user, context):\n    x = " + "-" * 50_000 + "1",
        "\0",
        "\ud800",
    ],
)
def test_strange_scripts(source: str) -> None:
    assert len(outline(source).settings) <= 1


def test_it_is_bounded() -> None:
    many = outline("def rule(user, context):\n" + "    context.idToken['a' + user.b] = user.c\n" * 2000)
    assert len(many.settings) == len(many.reads) == MOST_OUTLINED
    name = "x" * 1000
    (one,) = outline(f"def rule(user, context):\n    context.idToken[{name!r}] = 1\n").settings
    assert one.claim is not None
    assert len(one.claim) == len(one.text) == MOST_TEXT
