"""The modules that a rule can import, as one literal table: which members, and why each is safe.

A member that stands in no row does not exist. Those that authors reach for and do not find are named with what
to write instead, so that the compiler can say it at upload.
"""

from __future__ import annotations

# module: rows of (members, reason). `sandbox.facades` and `sandbox.drawn` say what each member is.
MODULES: dict[str, tuple[tuple[str, str], ...]] = {
    "base64": (
        (
            """b64encode b64decode standard_b64encode standard_b64decode urlsafe_b64encode urlsafe_b64decode
            b32encode b32decode b16encode b16decode""",
            "text and bytes in, bytes out; keeps nothing",
        ),
    ),
    "binascii": (
        ("hexlify unhexlify crc32", "text and bytes in, bytes or a number out; keeps nothing"),
        ("Error", "an exception"),
    ),
    "collections": (
        ("Counter OrderedDict defaultdict deque", "data types; become dicts and lists when they are left behind"),
        ("abc", "the facade below"),
    ),
    "collections.abc": (
        (
            """Callable Collection Container Generator Hashable Iterable Iterator Mapping MutableMapping
            MutableSequence MutableSet Reversible Sequence Set Sized""",
            "words for annotations and `isinstance`, not the library's classes, which keep what they have seen",
        ),
    ),
    "copy": (("copy deepcopy", "of data, in a way of our own: no method of a rule's class is called"),),
    "datetime": (
        ("datetime date time timedelta timezone", "data types; `now` and `today` come from the clock"),
        ("UTC MINYEAR MAXYEAR", "constants"),
    ),
    "decimal": (
        ("Decimal", "a data type; its precision is the default one, since no context can be changed"),
        (
            """ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP
            ROUND_05UP""",
            "constants, for `quantize`",
        ),
        ("DecimalException InvalidOperation DivisionByZero Overflow", "exceptions"),
    ),
    "functools": (
        ("reduce", "iterates, calls the rule's function"),
        ("partial", "calls the rule's function; what it holds cannot be read"),
        ("cmp_to_key", "calls the rule's function"),
        ("cache lru_cache", "remember the results of the rule's function; made anew in every execution"),
        ("wraps", "leaves the function as it is: no rule can read its name"),
    ),
    "hashlib": (
        (
            "md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 blake2b blake2s",
            "a digest of fixed length, in one pass over its input",
        ),
        ("new", "the same by name: of these only"),
    ),
    "hmac": (
        ("new digest", "over the digests of `hashlib` here, by name or function, never by a rule's object"),
        ("compare_digest", "compares without telling by its time"),
    ),
    "html": (("escape unescape", "text in, text out"),),
    "ipaddress": (
        ("IPv4Address IPv6Address", "data types"),
        ("ip_address", "of text, a number or bytes"),
        ("ip_network", "of text, a number or bytes only: the library keeps parts of it in a cache"),
        ("collapse_addresses summarize_address_range", "of addresses and networks made here"),
        ("AddressValueError NetmaskValueError", "exceptions"),
    ),
    "itertools": (
        (
            """accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse
            groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest""",
            "iterates; what has no end meets the time limit",
        ),
    ),
    "json": (
        ("loads", "without hooks"),
        ("dumps", "without hooks but `default`, which sees the rule's own objects only"),
        ("JSONDecodeError", "an exception"),
    ),
    "jwt": (
        ("encode", "signs by HMAC, with a key of the rule's own"),
        ("decode", "checks the signature, and the times by the execution's clock"),
        ("get_unverified_header", "reads text"),
        (
            """PyJWTError InvalidTokenError DecodeError InvalidSignatureError ExpiredSignatureError
            ImmatureSignatureError InvalidAudienceError InvalidIssuerError InvalidIssuedAtError
            MissingRequiredClaimError InvalidAlgorithmError InvalidKeyError""",
            "exceptions",
        ),
    ),
    "math": (
        ("pi e tau inf nan", "constants"),
        (
            """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh degrees dist erf erfc exp exp2 expm1
            fabs floor fmod frexp fsum gamma gcd hypot isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10
            log1p log2 modf nextafter pow prod radians remainder sin sinh sqrt tan tanh trunc ulp""",
            "arithmetic on numbers of the machine, or no larger than what is given",
        ),
        ("comb factorial perm", "long ones meet the time limit, like `**`"),
    ),
    "operator": (
        ("itemgetter", "reads items as a rule does"),
        (
            """abs add and_ concat contains eq floordiv ge gt le lt mod mul ne neg not_ or_ pos pow sub truediv truth
            xor""",
            "operators on values; those that change one, or read attributes, are not there",
        ),
    ),
    "random": (
        (
            """betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate normalvariate
            paretovariate randbytes randint random randrange sample triangular uniform vonmisesvariate
            weibullvariate""",
            "drawn from the seed",
        ),
        ("shuffle", "drawn from the seed; the change is recorded"),
    ),
    "re": (
        (
            "compile match fullmatch search findall finditer split sub subn escape",
            "checks for the time limit while it searches; takes text only where the library has a cache",
        ),
        (
            "NOFLAG A ASCII I IGNORECASE M MULTILINE S DOTALL U UNICODE X VERBOSE",
            "numbers: the library's flags keep every combination that was ever made",
        ),
        ("Pattern Match", "classes that cannot be called, for `isinstance`"),
        ("error", "an exception"),
    ),
    "secrets": (
        ("choice randbelow randbits token_bytes token_hex token_urlsafe", "drawn from the seed, which is secret"),
        ("compare_digest", "compares without telling by its time"),
    ),
    "statistics": (
        (
            """mean fmean geometric_mean harmonic_mean median median_low median_high mode multimode pstdev pvariance
            quantiles stdev variance""",
            "of numbers only: the library would call methods of a rule's objects",
        ),
        ("StatisticsError", "an exception"),
    ),
    "string": (
        (
            "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable punctuation whitespace",
            "constants",
        ),
        ("capwords", "text in, text out"),
    ),
    "time": (
        ("time time_ns", "the execution's clock, which stands still"),
        ("gmtime localtime", "the clock's time, or the time given, in UTC"),
        ("strftime strptime", "text of a time and back"),
    ),
    "typing": (
        (
            """Annotated Any AnyStr Callable ClassVar Collection Container DefaultDict Deque Dict Final FrozenSet
            Generator Hashable Iterable Iterator List Literal Mapping MutableMapping MutableSequence MutableSet Never
            NoReturn Optional Self Sequence Set Sized Text Tuple Type TypeAlias Union""",
            "words for annotations, which are dropped: they do nothing",
        ),
        ("TYPE_CHECKING", "a constant: False"),
        ("cast", "answers its second argument"),
    ),
    "unicodedata": (
        (
            """bidirectional category combining decimal decomposition digit east_asian_width is_normalized lookup
            mirrored name normalize numeric""",
            "tables of characters",
        ),
    ),
    "urllib": (("parse", "the facade below"),),
    "urllib.parse": (
        (
            """quote quote_plus quote_from_bytes unquote unquote_plus unquote_to_bytes urlparse urlsplit urljoin
            urldefrag urlunparse urlunsplit parse_qs parse_qsl""",
            "of text only: the library keeps what it was asked in a cache",
        ),
        ("urlencode", "takes values of any kind as text"),
    ),
    "uuid": (
        ("UUID", "a data type"),
        ("uuid3 uuid5", "names, hashed"),
        ("uuid4", "drawn from the seed"),
        ("NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500", "constants"),
    ),
    "zoneinfo": (
        ("ZoneInfo available_timezones", "all zones are loaded before the first rule: no file is opened"),
        ("ZoneInfoNotFoundError", "an exception"),
    ),
}

MEMBERS: dict[str, frozenset[str]] = {
    module: frozenset(name for names, _ in rows for name in names.split()) for module, rows in MODULES.items()
}

_CLOCK = "the clock stands still in a rule, so that a replay sees the same: use `time.time()`"
_SEEDED = "draw from the module itself: `random.random()`, `random.choice(...)`"
_SLOW = "it would take as long as a rule asks it to: it is not for logins"
_CONTEXT = "the default context holds: round with `Decimal.quantize(...)`"
_CLASS = "write a class of your own, or use a dict"

# module: {member: what to write instead}.
UNAVAILABLE_MEMBERS: dict[str, dict[str, str]] = {
    "base64": {
        "a85decode": "use `base64.b64decode(...)`",
        "a85encode": "use `base64.b64encode(...)`",
        "b85decode": "use `base64.b64decode(...)`",
        "b85encode": "use `base64.b64encode(...)`",
        "decodebytes": "use `base64.b64decode(...)`",
        "encodebytes": "use `base64.b64encode(...)`",
    },
    "collections": {
        "ChainMap": "merge the dicts: `{**defaults, **given}`",
        "UserDict": _CLASS,
        "UserList": _CLASS,
        "UserString": _CLASS,
        "namedtuple": _CLASS,
    },
    "datetime": {"tzinfo": "use `datetime.timezone`, or `zoneinfo.ZoneInfo`"},
    "decimal": {
        "Context": _CONTEXT,
        "getcontext": _CONTEXT,
        "localcontext": _CONTEXT,
        "setcontext": _CONTEXT,
    },
    "functools": {
        "cached_property": "use `property`",
        "partialmethod": "write a method",
        "singledispatch": "test with `isinstance`",
        "singledispatchmethod": "test with `isinstance`",
        "total_ordering": "write the methods: `__lt__`, `__le__`, `__gt__`, `__ge__`",
        "update_wrapper": "leave it out: names of functions are not read in rules",
    },
    "hashlib": {
        "algorithms_available": "see the list of members of `hashlib`",
        "algorithms_guaranteed": "see the list of members of `hashlib`",
        "file_digest": "rules have no files",
        "pbkdf2_hmac": _SLOW,
        "scrypt": _SLOW,
        "shake_128": "use `hashlib.sha3_256(...)`",
        "shake_256": "use `hashlib.sha3_512(...)`",
    },
    "html": {"entities": "use `html.unescape(...)`", "parser": "use `re`"},
    "ipaddress": {
        "IPv4Interface": "use `ip_network(..., strict=False)` and `ip_address(...)`",
        "IPv4Network": "use `ip_network(...)`, and `.version` to tell them apart",
        "IPv6Interface": "use `ip_network(..., strict=False)` and `ip_address(...)`",
        "IPv6Network": "use `ip_network(...)`, and `.version` to tell them apart",
        "ip_interface": "use `ip_network(..., strict=False)` and `ip_address(...)`",
    },
    "itertools": {"batched": "write `[x[i:i + n] for i in range(0, len(x), n)]`"},
    "json": {
        "JSONDecoder": "use `json.loads(...)`",
        "JSONEncoder": "use `json.dumps(..., default=...)`",
        "dump": "rules have no files: use `json.dumps(...)`",
        "load": "rules have no files: use `json.loads(...)`",
    },
    "jwt": {
        "PyJWK": "rules know keys of HS256, HS384 and HS512 only",
        "PyJWKClient": "rules have no network of their own",
        "PyJWT": "use `jwt.encode(...)` and `jwt.decode(...)`",
        "exceptions": "they are in `jwt` itself: `jwt.InvalidTokenError`",
        "decode_complete": "use `jwt.decode(...)` and `jwt.get_unverified_header(...)`",
    },
    "operator": {
        "attrgetter": "write a lambda: `lambda x: x.name`",
        "methodcaller": "write a lambda: `lambda x: x.lower()`",
    },
    "random": {
        "Random": _SEEDED,
        "SystemRandom": _SEEDED,
        "getstate": _SEEDED,
        "seed": "the seed is the execution's; for what is the same at every login, use `hashlib` on the user's id",
        "setstate": _SEEDED,
    },
    "re": {
        "DEBUG": "rules have no terminal: leave it out",
        "LOCALE": "rules have no locale: use text instead of bytes",
        "RegexFlag": "the flags are numbers: `re.I | re.M`",
        "Scanner": "use `re.finditer(...)`",
        "purge": "leave it out",
        "template": "use `re.compile(...)`",
    },
    "secrets": {"SystemRandom": "use `secrets.choice(...)` and `secrets.randbelow(...)`"},
    "statistics": {
        "NormalDist": "use `random.gauss(...)`, and `statistics.stdev(...)`",
        "correlation": "write it out with `statistics.mean(...)`",
        "covariance": "write it out with `statistics.mean(...)`",
        "linear_regression": "write it out with `statistics.mean(...)`",
    },
    "string": {
        "Formatter": "use `str.format`, or an f-string",
        "Template": "use `str.format`, or an f-string",
    },
    "time": {
        "ctime": 'use `time.strftime("%c")`',
        "mktime": "use `datetime.datetime(...).timestamp()`",
        "monotonic": _CLOCK,
        "monotonic_ns": _CLOCK,
        "perf_counter": _CLOCK,
        "perf_counter_ns": _CLOCK,
        "process_time": _CLOCK,
        "sleep": "a login does not wait: leave it out",
        "thread_time": _CLOCK,
        "tzset": "times without a zone are UTC: use `zoneinfo.ZoneInfo(...)`",
    },
    "typing": {
        "Generic": "leave it out: annotations are ignored",
        "NamedTuple": _CLASS,
        "NewType": "leave it out: annotations are ignored",
        "Protocol": "leave it out: annotations are ignored",
        "TypeVar": "leave it out: annotations are ignored",
        "TypedDict": "use a dict: annotations are ignored",
        "overload": "leave it out: annotations are ignored",
    },
    "unicodedata": {
        "ucd_3_2_0": "use `unicodedata` itself",
        "unidata_version": "it differs between versions of Python",
    },
    "urllib": {
        "error": "`http` has its own exceptions: `http.Error`",
        "request": "use `http.get(...)`, which is there without an import",
    },
    "uuid": {
        "getnode": "rules do not know their machine",
        "uuid1": "use `uuid.uuid4()`",
    },
    "zoneinfo": {
        "TZPATH": "all zones are loaded already",
        "reset_tzpath": "all zones are loaded already",
    },
}
