"""Every member of every facade does in a confined worker what Python's own does."""

# ruff: noqa: E501

from __future__ import annotations

import datetime
import importlib
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from sandbox import zones
from sandbox.exposed import ATTRIBUTES, BUILTINS, CLASSES, OPAQUE, VALUES
from sandbox.members import MEMBERS, MODULES, UNAVAILABLE_MEMBERS
from sandbox.pool import Pool
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]

# module: expressions, one a line, whose values are the same here and there; `m` is the module. Values are JSON.
SAME: dict[str, str] = {
    "base64": """
        [m.b64encode(b'a?>').decode(), m.standard_b64encode(b'a?>').decode(), m.urlsafe_b64encode(b'a?>').decode()]
        [m.b64decode('YT8-', '-_').hex(), m.standard_b64decode('YQ==').hex(), m.urlsafe_b64decode(b'YT8-').hex()]
        [m.b32encode(b'a').decode(), m.b32decode('me======', True).hex(), m.b16encode(b'a').decode(), m.b16decode('61').hex()]
        m.b64decode('YQ=!=', validate=False).hex()
        """,
    "binascii": """
        [m.hexlify(b'a?').decode(), m.unhexlify('613f').hex(), m.crc32(b'hello'), m.crc32(b'lo', m.crc32(b'hel')), issubclass(m.Error, ValueError)]
        """,
    "collections": """
        [m.Counter('abca').most_common(1), m.Counter('abca').most_common(), dict(m.Counter(a=2) - m.Counter('a')), m.Counter('aab')['z']]
        [sorted(m.Counter(b=2, a=1).elements()), m.Counter('ab').total(), dict(m.Counter('ab') | m.Counter('bb')), dict(m.Counter('ab') & m.Counter('b'))]
        [list(m.OrderedDict([('a', 1), ('b', 2)])), list(reversed(m.OrderedDict(a=1, b=2))), m.OrderedDict(a=1) == {'a': 1}]
        [m.defaultdict(int, a=1)['z'], m.defaultdict(list)['x'], m.defaultdict(lambda: 7)['x'], m.defaultdict(int).get('x')]
        isinstance({}, m.abc.Mapping)
        [list(m.deque([1, 2, 3], maxlen=2)), m.deque('ab')[0], len(m.deque()), m.deque([1], 3).maxlen, list(m.deque([1]) + m.deque([2]))]
        """,
    "collections.abc": """
        [isinstance(x, m.Callable) for x in (len, str, lambda: 0, 5, 'a')]
        [isinstance(x, (m.Mapping, m.MutableMapping)) for x in ({}, [], 'a', 5, None)]
        [isinstance(x, m.Sequence) for x in ([], (), 'a', b'', range(2), {}, set(), 5)] + [isinstance(x, m.MutableSequence) for x in ([], (), 'a')]
        [isinstance(x, m.Set) for x in (set(), frozenset(), {}.keys(), [], {})] + [isinstance(x, m.MutableSet) for x in (set(), frozenset())]
        [isinstance(x, m.Iterable) for x in ([], 'a', {}, iter([]), (y for y in ()), 5, None)] + [isinstance(x, m.Iterator) for x in (iter([]), [])]
        [isinstance(x, m.Generator) for x in ((y for y in ()), iter([]))] + [isinstance(x, m.Hashable) for x in (1, 'a', [], {}, ())]
        [isinstance(x, m.Sized) for x in ([], 'a', 5)] + [isinstance(x, m.Container) for x in ([], 5)] + [isinstance(x, m.Collection) for x in ([], {}, 5)]
        [isinstance(x, m.Reversible) for x in ([], {}, set(), 'a', iter([]))]
        """,
    "copy": """
        [(c == x, c is x, c['a'] is x['a']) for x in [{'a': [1]}] for c in [m.copy(x)]]
        [(c == x, c is x, c['a'] is x['a']) for x in [{'a': [1], 'b': ({1}, (2,), None, 'x', 1.5)}] for c in [m.deepcopy(x)]]
        [(c[0] is c[1], c[0] is a) for a in [[1]] for c in [m.deepcopy([a, a])]]
        [(x.append(x), m.deepcopy(x)[0][0][0] == [] or len(m.deepcopy(x))) for x in [[]]]
        """,
    "datetime": """
        [m.date(2020, 2, 29).isoformat(), str(m.date.min), m.date.fromordinal(9).day, m.date.fromisocalendar(2020, 1, 1).month]
        [m.time(1, 2, tzinfo=m.UTC).isoformat(), m.time.fromisoformat('04:05').minute, m.timedelta(days=1.5).total_seconds()]
        [m.timezone.utc == m.UTC, m.timezone(m.timedelta(hours=2), 'X').tzname(None), m.MINYEAR, m.MAXYEAR]
        [m.datetime(2020, 1, 31, 5, 6, 7, 8, m.UTC).isoformat(), m.datetime.fromisoformat('2020-01-02T03:04:05+02:00').timestamp()]
        [m.datetime.strptime('Fri 31 Jan 2020 +0200', '%a %d %b %Y %z').isoformat(), m.datetime.fromtimestamp(0, m.UTC).year]
        [m.datetime(2020, 12, 31).isocalendar().week, list(m.datetime(2020, 12, 31).timetuple()), m.datetime(2020, 1, 2).timetuple().tm_yday]
        [m.datetime(2020, 1, 31).strftime('%A %d %B %Y %j %%'), f'{m.datetime(2020, 1, 31):%H:%M}', m.datetime.combine(m.date(2020, 1, 2), m.time(3)).hour]
        [(m.datetime(2020, 3, 1) - m.datetime(2020, 2, 1)).days, m.date(2020, 1, 2) < m.date(2020, 1, 3), str(m.date(2020, 1, 2).replace(day=9))]
        """,
    "decimal": """
        [str(m.Decimal('0.1') + m.Decimal('0.2')), str(m.Decimal(1) / 3), float(m.Decimal('1.5')), int(m.Decimal('7.9')), str(round(m.Decimal('2.675'), 2))]
        [str(m.Decimal('2.5').quantize(m.Decimal('1'), rounding=r)) for r in (m.ROUND_CEILING, m.ROUND_DOWN, m.ROUND_FLOOR, m.ROUND_HALF_DOWN)]
        [str(m.Decimal('2.5').quantize(m.Decimal('1'), rounding=r)) for r in (m.ROUND_HALF_EVEN, m.ROUND_HALF_UP, m.ROUND_UP, m.ROUND_05UP)]
        [f"{m.Decimal('1234567.891'):,.2f}", f"{m.Decimal('1234.5'):>12}", '{:e}'.format(m.Decimal('12')), '%s' % m.Decimal('1.10'), f"{m.Decimal('-0.001'):z.1f}"]
        [str(m.Decimal(2).sqrt()), str(m.Decimal(1).exp()), str(m.Decimal('1E+3').normalize()), m.Decimal('0').is_zero(), str(m.Decimal.from_float(0.5))]
        [issubclass(m.InvalidOperation, m.DecimalException), issubclass(m.DivisionByZero, ZeroDivisionError), issubclass(m.Overflow, ArithmeticError)]
        sorted([m.Decimal('1.10'), m.Decimal('1.1')]) == [m.Decimal('1.1')] * 2
        """,
    "functools": """
        [m.reduce(lambda a, b: a + b, [1, 2, 3]), m.reduce(max, [], 5), m.partial(int, base=2)('101'), m.partial(max, 5)(3)]
        sorted([3, 1, 2], key=m.cmp_to_key(lambda a, b: b - a))
        [m.cache(lambda n: n * 2)(4), m.lru_cache(maxsize=2)(lambda n: n + 1)(1), m.lru_cache(lambda n: n)(5)]
        [(lambda calls, f: [f(1), f(1), f(2), calls])(calls, m.cache(lambda n: calls.append(n))) for calls in [[]]]
        m.wraps(len)(lambda: 8)()
        """,
    "hashlib": """
        [f(b'abc').hexdigest() for f in (m.md5, m.sha1, m.sha224, m.sha256, m.sha384, m.sha512)]
        [f(b'abc').hexdigest() for f in (m.sha3_224, m.sha3_256, m.sha3_384, m.sha3_512, m.blake2b, m.blake2s)]
        [m.blake2b(b'a', digest_size=4, key=b'k').digest().hex(), m.new('sha256', b'a').hexdigest(), m.sha256(b'a').name, m.sha256().digest_size]
        [(h.update(b'b'), h.copy().hexdigest(), h.block_size) for h in [m.sha512(b'a')]]
        """,
    "hmac": """
        [m.new(b'k', b'm', 'sha256').hexdigest(), m.digest(b'k', b'm', 'sha512').hex(), m.compare_digest('a', 'a'), m.compare_digest(b'a', b'b')]
        [(h.update(b'x'), h.name, h.digest().hex(), h.copy().hexdigest()) for h in [m.new(b'k', digestmod='sha1')]]
        """,
    "html": """[m.escape('<a href="x">\\'&</a>'), m.escape('"', quote=False), m.unescape('&lt;&eacute;&#8364;&notin;&amp')]""",
    "ipaddress": """
        [str(m.ip_address('10.0.0.1') + 1), m.ip_address(1).exploded, m.ip_address('::1').is_loopback, m.ip_address('10.0.0.1').is_private, m.ip_address('8.8.8.8').is_global]
        [m.ip_address('10.0.0.1') in m.ip_network('10.0.0.0/8'), str(m.ip_network(('10.0.0.0', 24)).broadcast_address), m.ip_network('10.0.0.9/24', strict=False).with_netmask]
        [[str(h) for h in m.ip_network('10.0.0.0/30').hosts()], [str(n) for n in m.ip_network('10.0.0.0/30').subnets(new_prefix=31)], str(m.ip_network('10.1.0.0/16').supernet(8))]
        [m.ip_network('10.0.0.0/8').overlaps(m.ip_network('10.1.0.0/16')), m.ip_network('10.1.0.0/16').subnet_of(m.ip_network('10.0.0.0/8')), m.ip_network('::/120').num_addresses]
        [str(n) for n in m.collapse_addresses([m.ip_network('10.0.0.0/25'), m.ip_network('10.0.0.128/25')])]
        [str(n) for n in m.summarize_address_range(m.ip_address('10.0.0.0'), m.ip_address('10.0.0.4'))]
        [isinstance(m.ip_address('1.1.1.1'), m.IPv4Address), m.IPv4Address('1.2.3.4').packed.hex(), m.IPv6Address('2001:db8::1').compressed, m.IPv6Address('::ffff:1.2.3.4').ipv4_mapped.version]
        [issubclass(m.AddressValueError, ValueError), issubclass(m.NetmaskValueError, ValueError), m.ip_address('1.2.3.4').reverse_pointer]
        [str(x) for x in sorted([m.ip_address('10.0.0.2'), m.ip_address('9.0.0.1')])]
        """,
    "itertools": """
        [list(m.accumulate([1, 2, 3])), list(m.accumulate([1, 2], max, initial=9)), list(m.chain([1], 'ab')), list(m.chain.from_iterable(['ab', 'c']))]
        [list(m.combinations('abc', 2)), list(m.combinations_with_replacement('ab', 2)), list(m.compress('abc', [1, 0, 1])), list(m.islice(m.count(3, 2), 2))]
        [list(m.islice(m.cycle('ab'), 3)), list(m.dropwhile(lambda x: x < 2, [1, 2, 1])), list(m.filterfalse(None, [0, 1])), [[k, list(g)] for k, g in m.groupby('aab')]]
        [list(m.pairwise('abc')), len(list(m.permutations('abc'))), list(m.product('ab', repeat=2))[1], list(m.repeat(1, 2)), list(m.starmap(pow, [(2, 3)]))]
        [list(m.takewhile(lambda x: x < 2, [1, 2, 1])), [list(t) for t in m.tee('ab')], list(m.zip_longest('ab', 'c', fillvalue='-'))]
        """,
    "json": """
        [m.loads('{"a": [1, 2.5, null, true, "\\\\u00e9"]}'), m.loads(b'[1]'), m.dumps({'b': 1, 'a': [None, 'é']}), m.dumps('é', ensure_ascii=False)]
        [m.dumps({'b': 1, 'a': 2}, sort_keys=True, indent=2), m.dumps([1, {'a': 2}], separators=(',', ':')), m.dumps({1, 2}, default=sorted), m.dumps({(1,): 2, 'a': 1}, skipkeys=True)]
        [m.dumps(float('inf')), m.dumps([1], indent='-'), issubclass(m.JSONDecodeError, ValueError)]
        """,
    "jwt": """
        [m.encode({'sub': 'é', 'n': [1, None]}, 'k' * 64, algorithm=a) for a in ('HS256', 'HS384', 'HS512')]
        m.encode({'sub': 'a'}, b'k' * 64, headers={'kid': 'x'})
        m.decode(m.encode({'sub': 'a', 'exp': 2 ** 33, 'nbf': 1, 'iat': 1}, 'k' * 64), 'k' * 64, algorithms=['HS256'])
        m.decode(m.encode({'iss': 'i', 'aud': ['x', 'y']}, 'k' * 64), 'k' * 64, ['HS256'], audience='y', issuer=['i', 'j'])
        m.decode(m.encode({'exp': 1}, 'k' * 64), options={'verify_signature': False})
        m.get_unverified_header(m.encode({}, 'k' * 64, 'HS384'))
        [issubclass(e, m.InvalidTokenError) for e in (m.PyJWTError, m.DecodeError, m.ExpiredSignatureError, m.ImmatureSignatureError, m.InvalidKeyError)]
        [issubclass(e, m.InvalidTokenError) for e in (m.InvalidAudienceError, m.InvalidIssuerError, m.InvalidIssuedAtError, m.MissingRequiredClaimError, m.InvalidAlgorithmError)]
        [issubclass(m.InvalidSignatureError, m.DecodeError), issubclass(m.InvalidTokenError, m.PyJWTError)]
        """,
    "math": """
        [m.pi, m.e, m.tau, m.inf > 1, m.nan == m.nan, m.ceil(1.2), m.floor(-1.2), m.trunc(-1.7), m.sqrt(2), m.cbrt(8), m.isqrt(17), m.exp(1), m.exp2(3), m.expm1(1)]
        [m.log(8, 2), m.log2(8), m.log10(1000), m.log1p(1), m.pow(2, 3), m.fabs(-1), m.fmod(5, 3), m.modf(1.5), m.copysign(1, -1), m.frexp(8), m.ldexp(0.5, 3)]
        [m.sin(1), m.cos(1), m.tan(1), m.asin(1), m.acos(0), m.atan(1), m.atan2(1, 2), m.sinh(1), m.cosh(1), m.tanh(1), m.asinh(1), m.acosh(2), m.atanh(0.5)]
        [m.degrees(1), m.radians(180), m.hypot(3, 4), m.dist([0, 0], [3, 4]), m.gcd(12, 18), m.lcm(4, 6), m.isnan(1), m.isinf(1), m.isfinite(1), m.isclose(1, 1 + 1e-12)]
        [m.comb(5, 2), m.factorial(6), m.perm(5), m.perm(5, 2), m.comb(2, 5)]
        [m.fsum([0.1] * 10), m.prod([2, 3, 4]), m.erf(1), m.erfc(1), m.gamma(5), m.lgamma(5), m.remainder(7, 4), m.ulp(1.0), m.nextafter(1, 2)]
        """,
    "operator": """
        [m.itemgetter('a')({'a': 1}), m.itemgetter(1, 0)('ab'), m.itemgetter(-1)([1, 2]), sorted([{'n': 2}, {'n': 1}], key=m.itemgetter('n'))]
        [f(7, 2) for f in (m.add, m.sub, m.mul, m.truediv, m.floordiv, m.mod, m.pow, m.and_, m.or_, m.xor, m.lt, m.le, m.eq, m.ne, m.ge, m.gt)]
        [m.neg(1), m.pos(1), m.abs(-1), m.not_(1), m.truth([]), m.concat([1], [2]), m.contains('ab', 'a')]
        """,
    "re": """
        [m.compile('a+', m.I | m.M).findall('aAb'), m.match('a', 'ab').span(), m.fullmatch('a+', 'aa').end(), m.search('(?P<x>b)', 'ab').groupdict()]
        [[x.group(0) for x in m.finditer('a', 'aa')], m.findall('(a)(b)?', 'ab a'), m.split('[,;]', 'a,b;c', maxsplit=1), m.sub('a', lambda x: x.group().upper(), 'aba')]
        [m.sub(r'(\\w+) (\\w+)', r'\\2-\\1', 'a b', count=1), m.subn('a', 'x', 'aa'), m.escape('a.b*'), m.search('(a)(b)', 'ab').expand(r'\\2\\1')]
        [m.compile('x').sub('y', 'xx', 1), m.compile('x').subn(lambda x: '', 'xx'), m.compile('(?P<n>x)').groups, dict(m.compile('(?P<n>x)').groupindex)]
        [m.NOFLAG, m.IGNORECASE == m.I, m.MULTILINE == m.M, m.DOTALL == m.S, m.VERBOSE == m.X, m.ASCII == m.A, m.UNICODE == m.U]
        [isinstance(m.compile('a'), m.Pattern), isinstance(m.match('a', 'a'), m.Match), issubclass(m.error, Exception), m.findall('[a]', 'a')]
        m.compile(m.compile('a')).flags
        """,
    "statistics": """
        [m.mean([1, 2, 4]), m.fmean([1, 2]), m.fmean([1, 2], weights=[1, 3]), m.geometric_mean([1, 4]), m.harmonic_mean([1, 2]), m.median([3, 1, 2]), m.median_low([1, 2]), m.median_high([1, 2])]
        [m.mode('aab'), m.mode(['x', 'y', 'x']), m.multimode([1, 1, 2, 2]), m.pstdev([1, 2, 4]), m.pvariance([1, 2]), m.stdev([1, 2, 4]), m.variance([1, 2]), m.quantiles([1, 2, 3, 4], n=2)]
        issubclass(m.StatisticsError, ValueError)
        """,
    "string": """
        [m.ascii_letters, m.ascii_lowercase, m.ascii_uppercase, m.digits, m.hexdigits, m.octdigits, m.printable, m.punctuation, m.whitespace]
        [m.capwords('ada  LOVELACE'), m.capwords('a-b', sep='-')]
        """,
    "typing": """
        [m.TYPE_CHECKING, m.cast(int, 'a'), m.cast('Never', None)]
        [w is None for w in (m.Annotated[int, 'x'], m.Any, m.AnyStr, m.Callable[[int], str], m.ClassVar[int], m.Collection[int], m.Container[int], m.Hashable)]
        [w is None for w in (m.DefaultDict[str, int], m.Deque[int], m.Dict[str, m.Any], m.Final[int], m.FrozenSet[int], m.Generator[int, None, None], m.Sized)]
        [w is None for w in (m.Iterable[int], m.Iterator[int], m.List[m.List[int]], m.Literal['a'], m.Mapping[str, int], m.MutableMapping[str, int], m.Text)]
        [w is None for w in (m.MutableSequence[int], m.MutableSet[int], m.Never, m.NoReturn, m.Optional[str], m.Self, m.Sequence[int], m.Set[int])]
        [w is None for w in (m.Tuple[int, ...], m.Type[int], m.TypeAlias, m.Union[int, str], m.Optional[int] | None, m.List[int] | m.Any)]
        [isinstance([], m.Iterable), isinstance(5, m.Sized), isinstance({}, m.Mapping)]
        """,
    "unicodedata": """
        [m.normalize('NFKD', 'ﬁé').encode('ascii', 'ignore').decode(), m.category('a'), m.name('é'), m.lookup('BULLET'), m.combining('\\u0301'), m.bidirectional('a')]
        [m.decimal('5'), m.digit('²'), m.numeric('½'), m.east_asian_width('a'), m.mirrored('('), m.is_normalized('NFC', 'é'), m.decomposition('é'), m.name('\\x00', 'none')]
        """,
    "urllib": "[m.parse.quote('a/b', safe='')]",
    "urllib.parse": """
        [m.quote('a b/é'), m.quote_plus('a b/'), m.quote_from_bytes(b'a '), m.unquote('%20%C3%A9'), m.unquote_plus('+'), m.unquote_to_bytes('%20').hex()]
        [m.urlencode({'a': [1, 'é'], 'b': ' '}, doseq=True), m.urlencode([('a', 1), ('b', None)]), m.urlencode({'a': ' '}, quote_via=m.quote)]
        [(u.scheme, u.hostname, u.port, u.path, u.params, u.query, u.fragment, u.username, u.geturl()) for u in [m.urlparse('https://u@H:1/p;x?q#f')]]
        [(u.netloc, u.query, u[2], list(u)) for u in [m.urlsplit('https://h/p?q')]]
        [m.urlunparse(m.urlparse('https://h/p')), m.urlunsplit(('https', 'h', '/', 'a=1', '')), m.urljoin('https://h/a/b', '../c'), m.urldefrag('https://h/#x').fragment]
        [m.parse_qs('a=1&a=2&b='), m.parse_qsl('a=1&b=', keep_blank_values=True), m.urlsplit(b'https://h/').hostname.decode()]
        """,
    "uuid": """
        [str(m.uuid3(m.NAMESPACE_DNS, 'a')), str(m.uuid5(m.NAMESPACE_URL, 'a')), m.NAMESPACE_OID.hex, m.NAMESPACE_X500.urn, m.UUID(int=1).int]
        [m.UUID('{12345678-1234-5678-1234-567812345678}').bytes_le.hex(), m.UUID(bytes=b'a' * 16, version=4).version, m.UUID(int=1) < m.UUID(int=2), list(m.UUID(int=9).fields)]
        """,
    "zoneinfo": """
        [m.ZoneInfo('Europe/Berlin').key, str(m.ZoneInfo('UTC')), issubclass(m.ZoneInfoNotFoundError, KeyError), 'America/New_York' in m.available_timezones()]
        """,
}  # fmt: skip

# module: expressions over the clock and the seed, and their values.
DRAWN: dict[str, list[tuple[str, Any]]] = {
    "datetime": [
        ("m.datetime.now().isoformat()", "2027-01-15T08:00:00.123456"),
        ("m.datetime.now(m.UTC).isoformat()", "2027-01-15T08:00:00.123456+00:00"),
        ("[str(m.datetime.utcnow()), str(m.datetime.today())]", ["2027-01-15 08:00:00.123456"] * 2),
        ("[str(m.date.today()), str(m.date.fromtimestamp(0))]", ["2027-01-15", "1970-01-01"]),
        ("[str(m.datetime.fromtimestamp(0)), str(m.datetime.utcfromtimestamp(1.5))]",
         ["1970-01-01 00:00:00", "1970-01-01 00:00:01.500000"]),
        ("m.datetime(2020, 1, 1).timestamp()", 1577836800.0),
    ],
    "jwt": [
        ("m.decode(m.encode({'exp': 1800000001}, 'k'), 'k', ['HS256'])", {"exp": 1800000001}),
    ],
    "random": [
        ("[0 <= m.random() < 1, 0 <= m.uniform(0, 1) <= 1, 0 <= m.triangular(0, 1) <= 1, 0 < m.betavariate(1, 1) < 1]", [True] * 4),
        ("[1 <= m.randint(1, 3) <= 3, m.randrange(0, 9, 3) % 3, m.getrandbits(8) < 256, len(m.randbytes(3))]", [True, 0, True, 3]),
        ("[m.choice('a'), m.choices([1], k=2), sorted(m.sample([1, 2], 2)), m.choices('ab', weights=[0, 1])]", ["a", [1, 1], [1, 2], ["b"]]),
        ("[isinstance(f(1, 1), float) for f in (m.gauss, m.normalvariate, m.lognormvariate, m.gammavariate, m.vonmisesvariate, m.weibullvariate)]", [True] * 6),
        ("[m.expovariate(1) >= 0, m.paretovariate(1) >= 1, m.shuffle([1]), m.gauss(0, 1) != m.gauss(0, 1)]", [True, True, None, True]),
        ("[(m.shuffle(x), sorted(x))[1] for x in [[3, 1, 2]]]", [[1, 2, 3]]),
    ],
    "secrets": [
        ("[len(m.token_hex(4)), len(m.token_urlsafe()), len(m.token_bytes(3)), m.choice('a'), m.randbelow(1), m.randbits(1) < 2]", [8, 43, 3, "a", 0, True]),
        ("[m.compare_digest(b'a', b'a'), m.token_hex() != m.token_hex()]", [True, True]),
    ],
    "time": [
        ("[int(m.time()), m.time_ns()]", [1800000000, 1800000000123456789]),
        ("[list(m.gmtime()), m.gmtime(0).tm_year, m.localtime(86400).tm_mday]",
         [[2027, 1, 15, 8, 0, 0, 4, 15, 0], 1970, 2]),
        ("[m.strftime('%Y-%m-%d %A'), m.strftime('%H', m.gmtime(3600)), m.strptime('31 Jan 2020', '%d %b %Y').tm_yday]",
         ["2027-01-15 Friday", "01", 31]),
    ],
    "uuid": [("[m.uuid4().version, m.uuid4() != m.uuid4()]", [4, True])],
    "zoneinfo": [
        ("datetime.datetime.now(m.ZoneInfo('Asia/Tokyo')).isoformat()", "2027-01-15T17:00:00.123456+09:00"),
    ],
}  # fmt: skip


def lines(text: str) -> list[str]:
    return [line.strip() for line in textwrap.dedent(text).strip().splitlines()]


def used(module: str) -> str:
    return SAME.get(module, "") + "\n".join(expression for expression, _ in DRAWN.get(module, []))


@pytest.mark.parametrize("module", MEMBERS)
def test_every_member_is_used_here(module: str) -> None:
    assert set(re.findall(r"\bm\.(\w+)", used(module))) >= MEMBERS[module]


@pytest.mark.parametrize("module", SAME)
async def test_members_do_in_a_worker_what_they_do_in_python(pool: Pool, module: str) -> None:
    real = importlib.import_module(module)
    expressions = lines(SAME[module])
    expected = [eval(expression, {"m": real}) for expression in expressions]
    body = f"import {module} as m\n" + "".join(
        f"context.idToken['{index}'] = {expression}\n" for index, expression in enumerate(expressions)
    )
    claims = await trial.claims(pool, rule(body))
    assert list(claims.values()) == json.loads(json.dumps(expected))


@pytest.mark.parametrize("module", DRAWN)
async def test_members_that_are_drawn(pool: Pool, module: str) -> None:
    body = f"import datetime, {module} as m\n" + "".join(
        f"context.idToken['{index}'] = {expression}\n" for index, (expression, _) in enumerate(DRAWN[module])
    )
    claims = await trial.claims(pool, rule(body))
    assert list(claims.values()) == [value for _, value in DRAWN[module]]


@pytest.mark.parametrize("module", UNAVAILABLE_MEMBERS)
async def test_a_member_that_does_not_exist_is_named_at_upload_with_advice(pool: Pool, module: str) -> None:
    absent = UNAVAILABLE_MEMBERS[module]
    assert absent.keys() & MEMBERS[module] == set()
    names = list(absent)
    body = "".join(f"m.{name}\n" for name in names)
    result = await pool.compile(rule(f"import {module} as m\n{body}"))
    assert [problem.line for problem in result.problems] == list(range(3, len(names) + 3))
    for name, problem in zip(names, result.problems, strict=True):
        assert f"`{name}`" in problem.message or f"{module}.{name}" in problem.message
        assert absent[name] in problem.message


def test_every_row_has_a_reason_and_no_member_stands_twice() -> None:
    for rows in MODULES.values():
        names = [name for row, _ in rows for name in row.split()]
        assert len(names) == len(set(names))
    assert all(reason for rows in MODULES.values() for _, reason in rows)
    assert all(reason for _, reason in BUILTINS.values())
    assert all(reason for *_, reason in (*VALUES, *CLASSES, *OPAQUE))
    assert len(ATTRIBUTES) == sum(len(kinds) for kinds, _, _ in VALUES)


async def test_warnings_of_the_library_have_no_reader(pool: Pool) -> None:
    """Showing one opens the file that it points to, which ends a confined process or costs a system call."""
    body = "import re, datetime\ncontext.idToken.a = [len(re.findall('[[a]', '[a')), datetime.datetime.utcnow().year]"
    assert await trial.claims(pool, rule(body)) == {"a": [2, 2027]}


# What the library imports inside a function is loaded before a worker is confined, or never needed there.
LATE = """
import ast, sys
import sandbox.zygote
from sandbox.limits import Limits
sandbox.zygote._warm(Limits())
from sandbox.members import MEMBERS
modules = [m for m in MEMBERS if m not in ("jwt", "typing")]
modules += "_strptime fractions _pydecimal json.encoder json.decoder calendar bisect heapq locale".split()
for name in modules:
    source = getattr(sys.modules.get(name), "__file__", None) or ""
    if source.endswith(".py"):
        for function in ast.walk(ast.parse(open(source).read())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import):
                        late = [alias.name for alias in node.names]
                    elif isinstance(node, ast.ImportFrom) and not node.level:
                        late = [node.module]
                    else:
                        continue
                    for module in late:
                        if module not in sys.modules:
                            print(name, function.name, module)
"""
# Command lines, digests for machines without OpenSSL, and `Random.seed`, which `Seeded` does not have.
NEVER_NEEDED = {
    "main",
    "_parse_args",
    "seed",
    "__get_builtin_constructor",
    "_get_command_stdout",
    "_test",
    "test",
    "_main",
}


def test_what_is_imported_late_is_loaded_already() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True, cwd=ROOT)
    late = [line for line in done.stdout.splitlines() if line.split()[1] not in NEVER_NEEDED]
    assert late == []


async def test_every_zone_is_loaded(pool: Pool) -> None:
    body = """
        import datetime, zoneinfo
        moment = datetime.datetime(2027, 7, 1, 12, tzinfo=datetime.UTC)
        context.idToken.a = {key: moment.astimezone(zoneinfo.ZoneInfo(key)).isoformat() for key in zoneinfo.available_timezones()}
    """
    claims = await trial.claims(pool, rule(body))
    moment = datetime.datetime(2027, 7, 1, 12, tzinfo=datetime.UTC)
    assert claims["a"] == {key: moment.astimezone(zone).isoformat() for key, zone in zones.zones().items()}
    assert len(claims["a"]) > 550


# name: (what a login leaves in a cache of the library, what the next one in the same worker sees)
CACHES: dict[str, tuple[str, str]] = {
    "re": ("re.compile(user.email)\nre.sub('a', user.email, 'a')", "[re.compile('x').pattern, re.sub('a', 'b', 'a')]"),
    "urllib.parse": ("urllib.parse.urlsplit('https://' + user.email)", "[urllib.parse.urlsplit('https://x').netloc]"),
    "functools": ("memo(user.email)", "[memo('x')]"),
    "ipaddress": ("ipaddress.ip_network('10.0.0.0/8').is_private", "[str(ipaddress.ip_network('10.0.0.0/8').netmask)]"),
    "decimal": ("decimal.Decimal(1) / 3", "[str(decimal.Decimal(1) / 3)]"),
    "random": ("random.gauss(0, 1)", "[random.gauss(0, 1)]"),
}  # fmt: skip


@pytest.mark.parametrize("name", CACHES)
async def test_what_the_library_keeps_does_not_reach_the_next_login(pool: Pool, name: str) -> None:
    leave, look = CACHES[name]
    imports = "import decimal, functools, ipaddress, random, re, urllib.parse\n"
    memo = "calls = []\n@functools.cache\ndef memo(key):\n    calls.append(key)\n    return len(calls)\n"
    looking = rule(f"{imports}{memo}context.idToken.a = {look}")
    alone = await trial.claims(pool, looking, key=f"alone-{name}")
    await trial.claims(pool, rule(imports + memo + leave), user={"email": "canary"}, key=f"both-{name}")
    assert await trial.claims(pool, looking, key=f"both-{name}") == alone
