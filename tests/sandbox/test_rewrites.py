"""What the transformer rewrites means what Python says: the same values, evaluated in the same order, once, and the
same line where it fails. Each body runs in a worker and by CPython's own `exec`, and both have to agree."""

# ruff: noqa: E501

from __future__ import annotations

import json
import textwrap
import traceback
import warnings
from typing import Any

import pytest

from sandbox.pool import Pool
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

# Notes what is evaluated, in which order: `n("name", value)` is `value`.
PRELUDE = """
seen = []
def n(name, value=None):
    seen.append(name)
    return value
class Box:
    def __init__(self, **fields):
        for name in fields:
            setattr(self, name, fields[name])
    def __getitem__(self, key):
        seen.append(['get', str(key)])
        return self.items_[key] if isinstance(key, int) else self.items_
    def __setitem__(self, key, value):
        seen.append(['set', str(key), str(value)])
        self.items_ = value
    def __iadd__(self, other):
        seen.append(['iadd', other])
        return self
    def __add__(self, other):
        seen.append(['add', other])
        return other
out = None
"""
PRELUDE = PRELUDE.replace("items_", "held")

# name: a body that leaves its result in `out`
BODIES: dict[str, str] = {
    "augmented: every operator on every place": """
        out = []
        for left, right in ((7, 2), (2.5, 2), ('ab', 3), ([1], [2]), ({1, 2}, {2, 3}), ({'a': 1}, {'b': 2}), ((1,), (2,)), (5, 0)):
            for number in range(13):
                for place in range(4):
                    d, l, b = {'k': left}, [left, 0], Box(k=left)
                    x = left
                    try:
                        if number == 0: x += right; d['k'] += right; l[0] += right; b.k += right
                        elif number == 1: x -= right; d['k'] -= right; l[0] -= right; b.k -= right
                        elif number == 2: x *= right; d['k'] *= right; l[0] *= right; b.k *= right
                        elif number == 3: x /= right; d['k'] /= right; l[0] /= right; b.k /= right
                        elif number == 4: x //= right; d['k'] //= right; l[0] //= right; b.k //= right
                        elif number == 5: x %= right; d['k'] %= right; l[0] %= right; b.k %= right
                        elif number == 6: x **= right; d['k'] **= right; l[0] **= right; b.k **= right
                        elif number == 7: x <<= right; d['k'] <<= right; l[0] <<= right; b.k <<= right
                        elif number == 8: x >>= right; d['k'] >>= right; l[0] >>= right; b.k >>= right
                        elif number == 9: x |= right; d['k'] |= right; l[0] |= right; b.k |= right
                        elif number == 10: x ^= right; d['k'] ^= right; l[0] ^= right; b.k ^= right
                        elif number == 11: x &= right; d['k'] &= right; l[0] &= right; b.k &= right
                        elif number == 12: x @= right; d['k'] @= right; l[0] @= right; b.k @= right
                    except (TypeError, ZeroDivisionError) as error:
                        out.append(type(error) is TypeError)
                    out.append([str(v) if not isinstance(v, (set, dict)) else sorted(v) for v in (x, d['k'], l[0], b.k)])""",
    "augmented: order": """
        d = {'k': [1]}
        n('holder', d)[n('key', 'k')] += n('value', [2])
        b = Box(a=1)
        n('object', b).a += n('more', 2)
        x = 1
        x += n('name', 5)
        l = [1, 2, 3]
        n('list', l)[n('from', 0):n('to', 2):n('step', 1)] += n('items', [9])
        out = [d, b.a, x, l]""",
    "augmented: the read comes before the value": """
        x = [1]
        def change():
            nonlocal x
            x = [5]
            return [2]
        x += change()
        d = {'k': 1}
        def other():
            d['k'] = 100
            return 1
        d['k'] += other()
        b = Box(a=1)
        def third():
            b.a = 100
            return 1
        b.a += third()
        out = [x, d, b.a]""",
    "augmented: in place, and to the same object": """
        a = b = [1]
        a += [2]
        d = {'l': a}
        d['l'] += [3]
        box = Box(l=a)
        box.l += [4]
        t = (1,)
        s = t
        s += (2,)
        u = v = {1}
        u |= {2}
        out = [a is b, a, d['l'] is a, box.l is a, t, s, u is v, sorted(v)]""",
    "augmented: a tuple's list is changed though it raises": """
        t = ([1], 2)
        try:
            t[0] += [2]
        except TypeError:
            out = 'raised'
        out = [out, t[0]]""",
    "augmented: of a rule's own class": """
        b = Box(held=[1, 2])
        b[0] += 5
        c = Box(inner=Box())
        c.inner += 3
        c.inner = Box()
        d = c
        d += 4
        out = [d is c, b.held]""",
    "augmented: nested in each other": """
        d = {'a': {'b': {'c': 1}}, 'k': ['a', 'b']}
        d['a']['b']['c'] += 1
        d[d['k'][0]][d['k'][1]]['c'] += d['a']['b']['c']
        l = [[0, 1], [2, 3]]
        i = 0
        l[i := i + 1][i] += (i := i + 10)
        out = [d, l, i]""",
    "augmented: recursion between reading and writing": """
        d = {'n': 0}
        def down(k):
            if k:
                d['n'] += down(k - 1)
            return k
        out = [down(5), d]""",
    "augmented: in a generator, across a yield": """
        d = {'n': 1}
        b = Box(n=1)
        def g():
            d['n'] += yield 'first'
            b.n += yield 'second'
            x = 1
            x += yield 'third'
            yield x
        i, j = g(), g()
        out = [next(i), next(j), i.send(1), j.send(10), i.send(2), j.send(20), i.send(3), j.send(30), d, b.n]""",
    "augmented: in a class, at the top of a function, in a loop's else": """
        class A:
            total = 1
            total += 1
            table = {'a': 1}
            table['a'] += total
        for _ in []:
            pass
        else:
            A.table['b'] = 1
            A.table['b'] += 1
        out = [A.total, A.table]""",
    "augmented: what it raises, and what is left": """
        out = []
        for act in range(6):
            d, l = {}, [1]
            try:
                if act == 0: d['x'] += n('not evaluated')
                elif act == 1: l[5] += n('nor this')
                elif act == 2: l['x'] += n('nor that')
                elif act == 3: Box().none += n('nor here')
                elif act == 4: l[0] += n('evaluated', 'x')
                elif act == 5: d.setdefault('x', {})['y'] += n('nor there')
            except Exception as error:
                out.append([type(error) is kind for kind in (KeyError, IndexError, TypeError, AttributeError)])
            out.append([d, l])""",
    "assignment: many targets, one value": """
        a = (b, c) = [d, *e] = n('once', (1, 2))
        calls = []
        def f():
            calls.append(1)
            return [len(calls), 0]
        (g, h) = (i, j) = f()
        k = l = []
        k.append(1)
        out = [a, b, c, d, e, g, h, i, j, len(calls), l, k is l]""",
    "assignment: targets from left to right, after the value": """
        d = {}
        n('a', d)[n('ka', 1)] = n('b', d)[n('kb', 2)] = n('value', 3)
        n('c', d)[n('kc', 3)], n('e', d)[n('ke', 4)] = n('v', (5, 6))
        i = 0
        l = [0, 0, 0]
        i, l[i] = 1, 7
        l[i], i = 8, 2
        out = [sorted(d.items()), i, l]""",
    "assignment: lists, stars, nests": """
        [a, b] = 'xy'
        (c, [d, (e, *f)], *g), h = (1, [2, (3, 4, 5)], 6, 7), 8
        *i, = range(3)
        first, *_, last = (v * 2 for v in range(5))
        b1 = Box(x=0, y=0)
        b1.x, [b1.y, *b1.z] = 1, (2, 3, 4)
        out = [a, b, c, d, e, f, g, h, i, first, last, b1.x, b1.y, b1.z]
        for wrong in ((1,), (1, 2, 3), 5, None):
            try:
                p, q = wrong
            except (TypeError, ValueError) as error:
                out.append(str(error))""",
    "assignment: swaps and slices": """
        a, b = 1, 2
        a, b = b, a
        l = list(range(6))
        l[1:3], l[0] = ['x', 'y', 'z'], 'first'
        l[::2] = ['s'] * len(l[::2])
        del l[-1], l[0:1]
        l[len(l):] = [9]
        out = [a, b, l]""",
    "walrus": """
        out = [(y := n('f', 3)), y ** 2, [z := v for v in range(3)], z, (w := 1, 2), w]
        while (y := y - 1) > 0:
            out.append(y)
        if (m := {'a': 1}.get('a')) and (k := m + 1):
            out.append(k)""",
    "annotations": """
        x: int = n('value', 1)
        y: 'anything at all' = x + 1
        (z): n('never') = 3
        b = Box()
        b.a: n('never') = n('b', 4)
        d = {}
        n('d', d)[n('key', 'k')]: n('never') = n('item', 5)
        n('only looked at', b).c: n('never')
        n('and this', d)[n('and its key', 'q')]: n('never')
        def f(a: n('never'), *b: n('never'), c: n('never') = 2, **d: n('never')) -> n('never'):
            e: n('never')
            return [a, b, c, d]
        out = [x, y, z, b.a, d, f(1, 2, c=3, d=4)]""",
    "annotations: a name without a value is local": """
        x = 'outer'
        def f():
            x: int
            try:
                return x
            except NameError:
                return 'unbound'
        def g():
            (x): int
            return x
        out = [f(), g()]""",
    "match": """
        out = []
        for value in (0, -1, 1.0, True, None, 'a', b'a', [], [1], (1, 2), [1, [2, 3]], {'k': 1}, {'k': [1], 'z': 2}, {}, range(2), {1}):
            match value:
                case None | False:
                    out.append('none')
                case True:
                    out.append('true')
                case -1 | 0 | 'a' | b'a':
                    out.append(['constant', str(value)])
                case []:
                    out.append('empty')
                case [1]:
                    out.append('one')
                case [x, y] if x == y:
                    out.append('never')
                case (1 as x, (int(_) | [2, *_]) as y):
                    out.append(['two', x, y])
                case [first, *rest]:
                    out.append(['more', first, rest])
                case {'k': [k] | k, **others}:
                    out.append(['dict', k, others])
                case {}:
                    out.append('some dict')
                case whole:
                    out.append(['whole', str(whole)])""",
    "match: the subject once, the guard in order": """
        match n('subject', [1, 2]):
            case [3, _] if n('not this one'):
                pass
            case [1, a] if n('first guard', False):
                pass
            case [b, 2] if n('second guard', True):
                out = [a, b]
            case _ if n('nor this one'):
                pass""",
    "match: names stay bound": """
        match [1, [2, 3]]:
            case [a, [b, 9]]:
                pass
            case [a, c]:
                pass
        out = [a, c]""",
    "nonlocal and global": """
        def counter():
            count = 0
            def up(by=1):
                nonlocal count
                count += by
                def twice():
                    nonlocal count
                    count *= 2
                    return count
                return twice
            return up
        up = counter()
        out = [up()(), up(3)(), up(0)()]
        def f():
            global made
            made = 1
            made += 1
        f()
        out.append(made)""",
    "bare except": """
        out = []
        def f(x):
            try:
                if x == 0: raise ValueError('a')
                if x == 1: [][1]
                if x == 2: return 'returned'
            except ValueError as error:
                return str(error)
            except:
                try:
                    raise
                except:
                    return 'again'
            else:
                return 'else'
            finally:
                out.append(['finally', x])
        out += [f(x) for x in range(4)]
        try:
            1 / 0
        except ZeroDivisionError as error:
            out.append(str(error))
        try:
            out.append(error)
        except NameError:
            out.append('the name of an exception ends with its handler')""",
    "exceptions: chains, raise, finally, else": """
        out = []
        class Mine(Exception):
            pass
        def f():
            try:
                try:
                    raise KeyError('k')
                finally:
                    out.append('inner')
            except KeyError as error:
                raise Mine('m', 1) from error
        try:
            f()
        except (TypeError, Mine) as error:
            out.append(list(error.args))
        for x in range(3):
            try:
                if x == 0: continue
                if x == 2: break
            finally:
                out.append(x)
        else:
            out.append('never')
        def g():
            for i in range(3):
                try:
                    yield i
                except Exception as error:
                    yield str(error)
                finally:
                    out.append('closed')
        h = g()
        next(h)
        h.close()
        try:
            assert out == 1, f'no {len(out)}'
        except AssertionError as error:
            out.append(str(error))""",
    "finally: jumps that stay inside": """
        out = []
        try:
            pass
        finally:
            for x in range(5):
                if x == 1:
                    continue
                if x == 3:
                    break
                out.append(x)
            while True:
                break
            def f():
                return 'f'
            out.append((lambda: f())())
            match out:
                case [0, *_]:
                    out.append('match')""",
    "classes: super": """
        class A:
            def __init__(self, x, *, y=1):
                self.x, self.y = x, y
            def name(self):
                return 'A' + str(self.x)
            def __str__(self):
                return 'text of A'
            @property
            def double(self):
                return self.x * 2
            @classmethod
            def make(cls, x):
                return cls(x)
            @staticmethod
            def plain(x):
                return x
            def __add__(self, other):
                return self.x + other
            def __getitem__(self, key):
                return key
        class B(A):
            def __init__(self, x):
                super().__init__(x, y=2)
                self.z = [super().name(), super().name()]
            def name(self):
                return 'B' + super().name()
            def __str__(self):
                return super().__str__() + ' and B'
            @property
            def double(self):
                return super().double + 1
            @classmethod
            def make(cls, x):
                return super().make(x + 1)
            def plain(self, x):
                return super().plain(x)
            def __add__(self, other):
                return super().__add__(other) + 100
            def __getitem__(self, key):
                return [super().__getitem__(key), super(B, self).__getitem__(0)]
        class C(A):
            def name(self):
                return 'C' + super().name()
        class D(B, C):
            def name(self):
                def later():
                    return super(D, self).name()
                return 'D' + later()
            def missing(self):
                return super().nothing
        class E(ValueError):
            def __init__(self, text, code):
                super().__init__(text)
                self.code = code
            def __str__(self):
                return super().__str__() + '!'
        class F(E):
            def __str__(self):
                return 'F' + super().__str__()
        b, d = B(1), D(5)
        out = [b.x, b.y, b.z, b.name(), str(b), b.double, B.make(3).x, b.plain(4), b + 1, b[7], d.name(), d.z, str(d)]
        try:
            d.missing()
        except AttributeError:
            out.append('missing')
        try:
            raise F('text', 5)
        except ValueError as error:
            out += [str(error), error.code, list(error.args)]""",
    "classes: decorators, order, scopes": """
        def mark(name):
            n('make ' + name)
            def act(made):
                n('apply ' + name)
                return made
            return act
        class Base:
            pass
        @mark('outer')
        @mark('inner')
        class A(n('base', Base)):
            n('body')
            x = 1
            y = [v for v in range(x)]
            def f(self, z=x):
                return z
            @mark('method')
            def g(self, a=n('default', 2), *, b=n('keyword default', 3)):
                return a + b
            _helper = staticmethod(lambda v: v + 1)
            def h(self):
                return self._helper(1) + A._helper(2)
        a = A()
        out = [a.x, a.y, a.f(), a.g(), a.h(), isinstance(a, Base)]""",
    "names with one underscore": """
        _total = 1
        def _helper(_x, /, _y=2, *_args, _z=3, **_rest):
            nonlocal _total
            _total += 1
            return [_x, _y, _args, _z, _rest, _total]
        class _Point:
            _kind = 'point'
            def __init__(self, _x):
                self._x = _x
                self._x += 1
                self._list = []
                self._list += [1]
                del self._list[:]
            def _double(self):
                return self._x * 2
            def both(self):
                return self._double() + getattr(self, '_x'), hasattr(self, '_x'), hasattr(self, '_none')
        _p = _Point(3)
        setattr(_p, '_y', 5)
        out = [_helper(1), _helper(1, 2, 3, _z=4, _w=5), _p.both(), _p._y, _p._kind, '{0._x} {p._y}'.format(_p, p=_p), f'{_p._x}']
        delattr(_p, '_y')
        for _, _i in [(1, 2)]:
            out.append([_, _i])
        import json as _json
        out.append([_json.dumps(1), [_v for _v in range(2)], (_w := 5), hasattr(_p, '_y')])
        try:
            raise ValueError('x')
        except ValueError as _error:
            out.append(str(_error))
        match {'a': 1, 'b': 2}:
            case {'a': _a, **_more}:
                out.append([_a, _more])""",
    "calls: every way to pass": """
        def f(a, b=2, /, c=3, *args, d, e=5, **rest):
            return [a, b, c, args, d, e, rest]
        out = [f(1, d=4), f(1, 2, 3, 4, 5, d=6), f(*[1, 2], *(3,), d=4, **{'x': 1}, **{'y': 2}), f(1, c=9, d=4, e=0, z=1)]
        f(n('a'), *n('b', [1]), n('c'), d=n('d'), **n('e', {}))
        for wrong in ({'a': 1, 'd': 1}, {}, {'d': 1, 'b': 1}):
            try:
                f(**wrong)
            except TypeError:
                out.append('wrong')
        g = lambda x, /, y=[], *z, k=1, **r: [x, y, z, k, r]
        out.append([g(1), g(1, 2, 3, k=4, m=5)])
        def h(x=[]):
            x.append(1)
            return len(x)
        out.append([h(), h()])
        fs = [lambda i=i: i for i in range(3)]
        out.append([f() for f in fs])""",
    "comprehensions: scopes and order": """
        x = 'outer'
        a = [x for x in range(3)]
        b = {k: v for k, v in [(n('k', 'k'), n('v', 2))]}
        c = sorted({len(w) for w in ['a', 'bb', 'cc']})
        d = list((i, j) for i in range(3) if i for j in range(i) if j % 2 == 0)
        e = [[y * z for z in range(2)] for y in range(2)]
        f = [(lambda: q)() for q in range(2)]
        g = sum(v for v in (1, 2) if (last := v))
        out = [x, a, b, c, d, e, f, g, last]
        gen = (n('lazy', v) for v in n('eager', [1, 2]))
        n('between')
        out.append(list(gen))""",
    "f-strings": """
        w, v, d = 8, 3.14159, {'a': 'b'}
        out = [f'{v:>{w}.{2}f}|{v!r}|{v=}|{v = :.1f}|{d["a"]}|{{}}|{"q" * 2!s:>4}', f'{n("a", 1)}{n("b", 2):{n("c", 3)}}',
               f'{w}' f'{v}' 'plain', f'', f'{f"{w}"}', f'{(lambda x: x + 1)(2)}']
        out.append(f'{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w}{w} {v:.2f}{w!r:>3}x')
        out.append(f'''{
            n('in a long one',
              w)
        }''')""",
    "generators": """
        def inner():
            got = yield 1
            return [got, (yield 2)]
        def outer():
            result = yield from inner()
            yield result
            yield from [3, 4]
        g = outer()
        out = [next(g), g.send('a'), g.send('b'), list(g)]
        def fib():
            a, b = 0, 1
            while True:
                yield a
                a, b = b, a + b
        it = fib()
        out.append([next(it) for _ in range(8)])""",
    "comparisons, chains and logic": """
        out = [n('a', 1) < n('b', 2) < n('c', 3), n('d', 3) < n('e', 1) < n('f', 2), n('g', 0) or n('h', []) or n('i', 'x'),
               n('j', 1) and n('k', 0) and n('l'), not n('m', 0), n('o', 1) if n('p', 0) else n('q', 2), 1 in [1] in [[1]],
               1 == 1.0 != 2 is not None, 'a' 'b' < 'b', -2 ** 2, ~5, +True]""",
    "unpacking in displays": """
        a, d = [1, 2], {'x': 1}
        out = [[*a, 0, *a], (*a,), sorted({*a, 9}), {**d, 'y': 2, **{'x': 3}}, [*range(3)], [*d], *a]""",
    "deleting": """
        a, b, c = 1, [1, 2, 3, 4], {'x': 1, 'y': 2}
        del a, b[0], b[::2], (c['x'])
        box = Box(p=1, q=2)
        del box.p, [box.q]
        out = [b, c, hasattr(box, 'p')]
        try:
            a
        except NameError:
            out.append('gone')
        for wrong in range(3):
            try:
                if wrong == 0: del c['none']
                elif wrong == 1: del b[9]
                else: del box.none
            except (KeyError, IndexError, AttributeError) as error:
                out.append([type(error) is kind for kind in (KeyError, IndexError, AttributeError)])""",
    "loops into places": """
        d, b = {}, Box()
        for d['k'] in range(3):
            pass
        for b.x, (d['y'], *b.z) in [(1, (2, 3, 4))]:
            pass
        for i, c in enumerate('ab'):
            for j in range(3):
                if j == 1: break
            else:
                continue
        out = [d, b.x, b.z, i, c, j]""",
    "decorators": """
        def outer(name):
            def act(function):
                def inner(*args, **keywords):
                    return [name, function(*args, **keywords)]
                return inner
            return act
        @outer('a')
        @outer('b')
        def f(x, y=1):
            "Text."
            return x + y
        @(lambda function: [function()])
        def g():
            return 'g'
        out = [f(1), f(1, y=5), g]""",
    "the module's name": """
        out = [__name__ == '__main__' and False, isinstance(__name__, str)]
        if __name__ == '__main__':
            out.append('never')""",
}  # fmt: skip


def by_cpython(body: str) -> dict[str, Any]:
    """`out` and `seen` after the body, run by CPython in a function like the rule's."""
    names: dict[str, Any] = {"__name__": "rule"}
    script = "from __future__ import annotations\n"  # annotations are not run in rules
    script += f"def run():\n{textwrap.indent(PRELUDE + textwrap.dedent(body), '    ')}\n    return out, seen\nresult = run()\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(script, "<body>", "exec", dont_inherit=True), names)
    out, seen = names["result"]
    plain: dict[str, Any] = json.loads(json.dumps({"out": out, "seen": seen}))
    return plain


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_means_what_python_says(pool: Pool, name: str) -> None:
    body = PRELUDE + textwrap.dedent(BODIES[name]) + "\ncontext.idToken.update(out=out, seen=seen)\n"
    assert await trial.claims(pool, rule(body)) == by_cpython(BODIES[name])


# Bodies that fail: the line is that of CPython, whatever has been put in the author's place.
FAILING: dict[str, str] = {
    "an attribute": "x = (1\n     .real\n     .nope\n     .more)",
    "an item": "x = {\n  'a': 1\n}[\n  'b'\n]",
    "a call in a chain": "x = ('a'\n     .upper()\n     .join(\n       5))",
    "augmented item: the read": "d = {}\nd[\n  'k'\n] += (\n  1)",
    "augmented item: the holder": "d = {}\n(\n  d['none']\n)['k'] += 1",
    "augmented item: the key": "d = {}\nd[\n  d['none']\n] += 1",
    "augmented item: the value": "d = {'k': 1}\nd['k'] += (\n  1 +\n  d['none'])",
    "augmented item: the operator": "d = {'k': 1}\nd['k'] += (\n  'x')",
    "augmented item: the write": "t = (\n  1,)\nt[0] += (\n  1)",
    "augmented attribute: the read": "class A: pass\na = A()\na \\\n  .x += 1",
    "augmented attribute: the operator": "class A: x = 1\na = A()\na.x += (\n  None)",
    "augmented name: the operator": "x = 1\nx += \\\n  'a'",
    "augmented name: unbound": "if False:\n    x = 1\n\nx += 1",
    "an annotated value": "x: int = (\n  1 /\n  0)",
    "an annotated place": "d = 5\nd['k']: int = (\n  1)",
    "an unpacking": "a, \\\n  b = (\n  1, 2, 3)",
    "a class": "class A(\n  int if False else object,\n):\n    x = 1\n    y = 1 / 0",
    "a base": "\nclass A(\n  5):\n    pass",
    "a method": "class A:\n    def f(self):\n\n        return 1 / 0\nA().f()",
    "super": "class A:\n    def f(self):\n        x = (\n          super().nope)\nA().f()",
    "a decorator": "def d(f):\n    return 1 / 0\n\n@d\n@d\ndef g():\n    pass",
    "a lambda": "f = (lambda:\n  1 /\n  0)\nf()",
    "a comprehension": "x = [\n  1 / y\n  for y in (1, 0)]",
    "a default": "def f(\n  a=1,\n  b=1 / 0):\n    pass",
    "a handler": "try:\n    1 / 0\nexcept (\n  ValueError):\n    pass",
    "a handler's body": "try:\n    1 / 0\nexcept:\n    x = 1\n    [][1]",
    "finally": "try:\n    pass\nfinally:\n    x = 1\n    [][1]",
    "a guard": "match 1:\n    case 2:\n        pass\n    case _ if (\n      1 / 0):\n        pass",
    "an f-string": "x = f'{1}' + f'{1 / 0}'",
    "a long f-string": "y = 1\nx = (f'{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}'\n  f'{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{y}{1 / 0}')",
    "an assertion": "x = 1\nassert (\n  x == 2), (\n  'no')",
    "a deletion": "d = {}\ndel (\n  d['x'])",
    "a loop": "for x in (\n  5):\n    pass",
    "a generator": "def g():\n    yield 1\n    1 / 0\nfor x in g():\n    pass",
    "raise": "raise (\n  ValueError('x'))",
}  # fmt: skip


def line_by_cpython(body: str) -> tuple[str, int | None]:
    """The kind of exception, and the innermost line of the body."""
    try:
        exec(compile(rule(body) + "rule({}, {})", "<body>", "exec", dont_inherit=True), {})
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<body>"]
        return type(error).__name__, frames[-1].lineno
    raise AssertionError("it does not fail")


@pytest.mark.parametrize("name", FAILING)
async def test_a_failure_is_on_the_line_of_python(pool: Pool, name: str) -> None:
    ((_, message, line),) = trial.errors(await trial.answer(pool, rule(FAILING[name])))
    assert (message.partition(":")[0], line) == line_by_cpython(FAILING[name])
