"""What a rule does with collections and iterators: it reaches the same objects, and leaves plain data behind."""

# ruff: noqa: E501

from __future__ import annotations

import collections
import decimal
from typing import Any

import pytest

from sandbox.plain import NotPlain, plain
from sandbox.pool import Pool
from tests.sandbox import trial
from tests.sandbox.explained import explained
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

ROWS = [{"n": 2}, {"n": 1}]
# builtin: an expression that gives `rows`, the list of dicts in the data, through it; `first` takes one out of it.
ITERATED: dict[str, str] = {
    "all": "[r for r in rows if all(noted(r) for r in [r])]",
    "any": "[r for r in rows if any(noted(r) for r in [r])]",
    "dict": "list(dict(enumerate(rows)).values())",
    "enumerate": "[r for i, r in enumerate(rows)]",
    "filter": "list(filter(None, rows))",
    "frozenset": "[r for i, r in sorted(frozenset(range(2)) and [(i, rows[i]) for i in frozenset(range(2))])]",
    "iter": "[next(it) for it in [iter(rows)] for i in range(2)]",
    "list": "list(rows)",
    "map": "list(map(lambda r: r, rows))",
    "max": "[max(rows, key=lambda r: r.n), min(rows, key=lambda r: r.n)]",
    "min": "[max(rows, key=lambda r: r.n), min(rows, key=lambda r: r.n)]",
    "next": "[next(it) for it in [iter(rows)] for i in range(2)]",
    "reversed": "list(reversed(list(reversed(rows))))",
    "set": "[rows[i] for i in set(range(2))]",
    "sorted": "sorted(rows, key=lambda r: -r.n)",
    "sum": "sum([[r] for r in rows], [])",
    "tuple": "list(tuple(rows))",
    "zip": "[r for r, i in zip(rows, range(2))]",
    "itertools.chain": "list(itertools.chain(rows))",
    "functools.reduce": "functools.reduce(lambda a, r: a + [r], rows, [])",
    "collections.deque": "list(collections.deque(rows))",
    "copy of a list": "rows.copy()",
    "unpacking": "[a for a, b in [rows]] + [b for a, b in [rows]]",
}  # fmt: skip


@pytest.mark.parametrize("name", ITERATED)
async def test_items_reached_through_it_are_the_same_guarded_objects(pool: Pool, name: str) -> None:
    """A write to one is recorded with its path and line, and what no rule may read of one raises."""
    body = (
        "import collections, functools, itertools, random\nrows = context.rows\n"
        "def noted(r):\n    return r is not None\n"
        f"found = {ITERATED[name]}\n"
        "found[0].seen = 1\nfound[1]['seen'] = 2\n"
        "try:\n    getattr(found[0], '__class__')\nexcept AttributeError:\n    context.idToken.refused = True\n"
    )
    result = await trial.answer(pool, rule(body), context={"rows": ROWS})
    assert trial.outcomes(result) == ["passed"], trial.errors(result)
    assert trial.writes(result) == [
        ("add", "/context/rows/0/seen", None, 1, 7),
        ("add", "/context/rows/1/seen", None, 2, 8),
        ("add", "/context/idToken/refused", None, True, 12),
    ]


# name: (body, claim, writes of it as (op, new, line))
LEFT: dict[str, tuple[str, Any, list[tuple[str, Any, int]] | None]] = {
    "Counter": ("context.idToken.a = m.Counter('aab')", {"a": 2, "b": 1}, [("add", {"a": 2, "b": 1}, 3)]),
    "OrderedDict": ("o = m.OrderedDict(b=1, a=(2,))\no.move_to_end('b')\ncontext.idToken.a = o", {"a": [2], "b": 1},
                    None),
    "defaultdict": ("d = m.defaultdict(list)\nd['x'].append(1)\nd['y'] += [2]\ndel d['y']\ncontext.idToken.a = d", {"x": [1]},
                    [("add", {"x": [1]}, 7)]),
    "deque": ("q = m.deque([1, 2], maxlen=2)\nq.append(3)\nq[0] = 9\ncontext.idToken.a = q", [9, 3], None),
    "one in another": ("context.idToken.a = {'d': [m.deque([m.Counter('a')])]}", {"d": [[{"a": 1}]]}, None),
    "changed afterwards": ("c = m.Counter('a')\ncontext.idToken.a = c\nc['z'] = 5\nc.update('a')", {"a": 2, "z": 5},
                           [("add", {"a": 1}, 4), ("replace", {"a": 2, "z": 5}, 4)]),
    "a default made by a read": ("context.idToken.a = m.defaultdict(int)\n'%(new)s' % context.idToken.a", {"new": 0}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
async def test_collections_become_plain_data(pool: Pool, name: str) -> None:
    body, claim, _ = LEFT[name]
    next_rule = rule("context.idToken.kinds = [type(context.idToken.a) in (dict, list)]")
    claims = await trial.claims(pool, rule("import collections as m\n" + body), next_rule)
    assert claims == {"a": claim, "kinds": [True]}
    assert list(claims["a"]) == list(claim)


@pytest.mark.parametrize("name", LEFT)
async def test_the_trace_ends_with_what_is_left(pool: Pool, name: str) -> None:
    body, claim, expected = LEFT[name]
    result = await trial.answer(pool, rule("import collections as m\n" + body))
    written = [(op, new, line) for op, path, _, new, line in trial.writes(result) if path == "/context/idToken/a"]
    assert explained(trial.USER, trial.CONTEXT, result)["context"]["idToken"] == {"a": claim}
    if expected is not None:
        assert [entry[:2] for entry in written] == [entry[:2] for entry in expected]
        assert written[0][2] == expected[0][2]


NOT_JSON = {
    "decimal.Decimal('1.5')": "a `Decimal` is not JSON: write `float(...)`, or `str(...)` to keep every digit",
    "datetime.date(2020, 1, 2).isocalendar()": "a `IsoCalendarDate` is not JSON: write `list(...)`",
    "time.gmtime()": "a `struct_time` is not JSON: write `list(...)`, or `time.strftime(...)`",
    "zoneinfo.ZoneInfo('UTC')": "a `ZoneInfo` is not JSON: write `.key`",
    "ipaddress.ip_address('::1')": "a `IPv6Address` is not JSON: write `str(...)`",
    "ipaddress.ip_network('10.0.0.0/8')": "a `IPv4Network` is not JSON: write `str(...)`",
    "urllib.parse.urlsplit('https://h')": "a `SplitResult` is not JSON: write `.geturl()`",
    "collections.OrderedDict(a=1).keys()": "a `odict_keys` is not JSON: write `list(...)`",
    "collections.Counter([1])": "a key is a `int`: keys are strings in JSON",
    "collections.deque([lambda: 0])": "a `function` is not JSON: use text, numbers, lists and dicts",
    "itself": "it is nested too deeply, or holds itself",
}


async def test_values_that_are_not_json_are_taken_out_with_advice(pool: Pool) -> None:
    modules = "collections, datetime, decimal, ipaddress, time, urllib.parse, zoneinfo"
    body = f"import {modules}\nitself = collections.deque()\nitself.append(itself)\ncontext.idToken.ok = 1\n"
    body += "".join(f"context.idToken['{index}'] = {value}\n" for index, value in enumerate(NOT_JSON))
    result = await trial.answer(pool, rule(body))
    assert result.returns["idToken"] == {"ok": 1}
    assert [reason for _, reason in trial.refusals(result)] == list(NOT_JSON.values())


class Lying:
    """What no rule can make: a class below a data type, with methods that answer as they like."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def of(self, base: type) -> Any:
        called = self.called

        def method(name: str) -> Any:
            def lie(self: Any, *args: Any) -> Any:
                called.append(name)
                return iter([("sub", "root")])

            return lie

        names = "items keys values __iter__ __len__ __getitem__ __contains__ __reversed__ encode isascii __eq__"
        members = {name: method(name) for name in names.split()} | {"__hash__": base.__hash__}
        return type("Lying", (base,), members)


BASES = [dict, list, tuple, str, int, float, collections.Counter, collections.OrderedDict, collections.defaultdict,
         collections.deque, decimal.Decimal]  # fmt: skip


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.__name__)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"a": (value,)}])
def test_a_class_below_a_data_type_is_refused_unasked(base: type, wrap: Any) -> None:
    lying = Lying()
    value = lying.of(base)()
    lying.called.clear()
    with pytest.raises(NotPlain, match="a `Lying` is not JSON"):
        plain(wrap(value), 8)
    assert lying.called == []


@pytest.mark.parametrize("kind", [collections.Counter, collections.OrderedDict, collections.defaultdict])
def test_a_key_below_text_is_refused_unasked(kind: Any) -> None:
    lying = Lying()
    value = kind()
    value[lying.of(str)("a")] = 1
    lying.called.clear()
    with pytest.raises(NotPlain, match="a key is a `Lying`"):
        plain(value, 8)
    assert lying.called == []


def test_no_method_of_python_is_called_for_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Counter` is written in Python: what its class says does not count."""

    def broken(*args: Any) -> Any:
        raise AssertionError

    value = {"c": collections.Counter("aab")}
    for name in ("items", "keys", "__iter__", "__getitem__", "__missing__"):
        monkeypatch.setattr(collections.Counter, name, broken, raising=False)
    assert plain(value, 8) == {"c": {"a": 2, "b": 1}}
