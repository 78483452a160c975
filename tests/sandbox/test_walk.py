"""Nothing that a rule can reach leads out of what the tables allow, and the walk that says so can find what does."""

from __future__ import annotations

import builtins
import io
import json
import os
import re
import signal
import sys
import types
import weakref
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sandbox import guards, modules
from sandbox.calls import Caller
from sandbox.exchanges import CacheAnswer, HttpAnswer
from sandbox.exposed import ATTRIBUTES, NAMES
from sandbox.limits import DEFAULT
from sandbox.memory import Memory
from sandbox.modules import MEMBERS, Module
from sandbox.names import namespace as names_of
from sandbox.pipeline import Pipeline
from sandbox.progress import SIZE, Progress
from sandbox.step import Step
from sandbox.timer import Timer
from sandbox.vocabulary import of_words
from sandbox.wire import CallKind, Job
from tests.sandbox import trial, walk
from tests.sandbox.walk import Walk

# Expressions that make a value of every type that a rule can have; modules by their names, `_` for `.` in them.
SAMPLES = """
"a" "é•" b"a" 1 True 1.5 None ... NotImplemented {"a":1} [1,{"b":[2]}] (1,) {1} frozenset("a") range(3)
slice(1) iter([1]) iter((1,)) iter("a")
iter("é•") iter(b"a") iter({1:2}) iter({1:2}.values()) iter({1:2}.items())
reversed([1]) reversed({1:2}) reversed({1:2}.values()) reversed({1:2}.items()) reversed("a") iter({1}) iter(range(1))
iter(range(1<<70)) iter(lambda:0,1) enumerate("a") filter(None,[1]) map(len,["a"]) zip("a") {1:2}.keys() {1:2}.values()
{1:2}.items() property(len) classmethod(len) staticmethod(len) object() str.lower dict.fromkeys
collections.Counter("aab") collections.OrderedDict(a=1) collections.defaultdict(list,a=[1]) collections.deque([1])
collections.OrderedDict(a=1).keys() collections.OrderedDict(a=1).values() collections.OrderedDict(a=1).items()
iter(collections.OrderedDict(a=1)) iter(collections.deque([1])) reversed(collections.deque([1]))
datetime.datetime.now() datetime.datetime.now(datetime.UTC) datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo"))
datetime.date(2020,1,2) datetime.time(1) datetime.timedelta(1) datetime.timezone(datetime.timedelta(0),"x")
datetime.date(2020,1,2).isocalendar() time.gmtime() decimal.Decimal("1.5") decimal.Decimal("1")/3
re.compile("(?P<a>a)") re.match("(?P<a>a)","a") re.finditer("a","a")
hashlib.sha256(b"a") hashlib.sha3_256(b"a") hashlib.blake2b(b"a") hashlib.blake2s(b"a") hashlib.md5() hashlib.sha1()
hashlib.sha224() hashlib.sha384() hashlib.sha512() hashlib.sha3_224() hashlib.sha3_384() hashlib.sha3_512()
hmac.new(b"k",b"m") uuid.uuid4() uuid.uuid5(uuid.NAMESPACE_DNS,"a") zoneinfo.ZoneInfo("Europe/Berlin")
ipaddress.ip_address("10.0.0.1") ipaddress.ip_address("::1") ipaddress.ip_network("10.0.0.0/24")
ipaddress.ip_network("::/64") ipaddress.ip_network("10.0.0.0/24").hosts()
urllib_parse.urlparse("https://u@h:1/p?q#f") urllib_parse.urlsplit("https://h/p") urllib_parse.urldefrag("https://h/#f")
urllib_parse.urlparse(b"https://h") urllib_parse.urlsplit(b"https://h") urllib_parse.urldefrag(b"https://h")
functools.partial(len,"a") functools.lru_cache(len) functools.cmp_to_key(max) functools.cmp_to_key(max)(1)
functools.cache(lambda:[1]) functools.wraps(len) itertools.tee("a")[0] itertools.tee("a")
next(itertools.groupby("a"))[1] itertools.groupby("a")
itertools.accumulate([1]) itertools.chain("a") itertools.combinations("ab",1)
itertools.combinations_with_replacement("ab",1) itertools.compress("a",[1]) itertools.count() itertools.cycle("a")
itertools.dropwhile(None,[]) itertools.filterfalse(None,[0]) itertools.islice("ab",1) itertools.pairwise("ab")
itertools.permutations("ab") itertools.product("ab") itertools.repeat(1) itertools.starmap(pow,[(1,2)])
itertools.takewhile(len,["a"]) itertools.zip_longest("a","bc") jwt.encode({"a":1},"k")
http.get("https://h/") http.get("https://h/").headers cache.get("a") configuration["NAME"]
""".split()


class Answering(Caller):
    """Answers each call by itself: there is no service at the other end of this step."""

    def __init__(self) -> None:
        self.count = self.waited = 0

    def begin(self, seq: int) -> None:
        pass

    def ask(self, step: int, ordinal: int, kind: CallKind, request: bytes, line: int) -> bytes:
        if kind == "cache":
            return msgspec.json.encode(CacheAnswer(found=True, value={"a": [1]}, warning="kept nowhere"))
        headers = {"content-type": "application/json"}
        return msgspec.json.encode(HttpAnswer(status=200, url="https://h/", headers=headers, body='{"a": [1]}'))


BEFORE: weakref.WeakKeyDictionary[Step, dict[int, Any]] = weakref.WeakKeyDictionary()


# As in a worker.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def before() -> dict[int, Any]:
    """What was there before any step: all that is alive is looked at once, which takes long."""
    re.compile("(?P<a>a)")  # another login has had the same pattern
    modules.fixed.cache_clear()
    return walk.shared()


@pytest.fixture
def step(before: dict[int, Any]) -> Iterator[Step]:
    """One step of a real pipeline, in this process."""
    modules.fixed.cache_clear()  # what a test plants in one is seen
    ring = signal.getsignal(signal.SIGALRM)
    fd = os.memfd_create("progress")
    os.ftruncate(fd, SIZE)
    user, context = (msgspec.json.encode(part) for part in (trial.USER, trial.CONTEXT))
    job = Job(1, user, context, (), ("idToken", "accessToken"), trial.RETURNS, trial.CLOCK, trial.SEED)
    job = msgspec.structs.replace(job, configuration=b'{"NAME":"value"}')
    timer = Timer()
    pipeline = Pipeline(job, {}, DEFAULT, Progress(fd), timer, Memory(), Answering())
    pipeline.run()
    made = pipeline.step(0)
    BEFORE[made] = before
    yield made
    del BEFORE[made]
    os.close(fd)
    timer.off()
    modules.fixed.cache_clear()
    signal.signal(signal.SIGALRM, ring)


def namespace(step: Step) -> dict[str, Any]:
    """What a rule can name, and its modules."""
    names = dict(names_of(of_words(NAMES), step)["__builtins__"])
    load = names.pop("__import__")
    del names["__build_class__"]  # the policy refuses it by its name; `class` statements call it
    facades = {name.replace(".", "_"): load(name, fromlist=("x",)) for name in MEMBERS}
    return names | facades | {"user": step._user, "context": step._context, "callback": step.verdict.callback}


def walked(step: Step, *, until_found: bool = False) -> Walk:
    """From everything that a rule can name or make."""
    names = namespace(step)
    result = Walk(step.guards, BEFORE[step])
    for sample in SAMPLES:
        result.reach(sample, eval(sample, {"__builtins__": {}, **names}), sample)
    for name, value in names.items():
        result.reach(name, value, name)
    result.run(until_found=until_found)
    return result


def walked_from(step: Step, planted: Any) -> Walk:
    """From a facade with a member that it should not have."""
    result = Walk(step.guards, BEFORE[step])
    result.reach("json", Module("json", {"planted": planted}), "json")
    result.run(until_found=True)
    return result


def test_nothing_leads_out(step: Step) -> None:
    result = walked(step)
    assert result.found == []
    unmet = {kind for kind in {*ATTRIBUTES, *walk.OPAQUE_TYPES} if kind not in result.types}
    assert unmet == set()
    assert len(result._seen) > 5_000


class Loader:
    def load_module(self) -> None: ...


def frame() -> types.FrameType:
    return sys._getframe()


def raising() -> None:
    raise OSError(2, "no such file", "/etc/passwd")


# name: (what is planted in `json`, what the walk says of it)
PLANTS: dict[str, tuple[Any, str]] = {
    "a module": (os, "a `builtins.module`"),
    "a module behind a function": (lambda: os, "a `builtins.module`"),
    "a module in a list": (lambda: [[{"a": os}]], "a `builtins.module`"),
    "a module given to a callback": (lambda callback: callback(os), "a `builtins.module`"),
    "a module compared": (lambda other: other == os, "a `builtins.module`"),
    "a module in an exception": (lambda: (_ for _ in ()).throw(ValueError(os)), "a `builtins.module`"),
    "a frame": (frame, "a `builtins.frame`"),
    "code": (frame.__code__, "a `builtins.code`"),
    "the globals of a function": (frame.__globals__, "a `dict` that was there before"),
    "modules": (lambda: sys.modules, "a `dict` that was there before"),
    "a list of the library": (lambda: sys.path, "a `list` that was there before"),
    "the metaclass": (type, "`type` itself"),
    "a class's dict": (vars(json.JSONDecoder), "a `builtins.mappingproxy`"),
    "a class": (json.JSONDecoder, "the class `JSONDecoder`"),
    "subclasses": (object.__subclasses__, "the class `"),
    "a loader": (Loader(), "a `tests.sandbox.test_walk.Loader`"),
    "a file": (io.StringIO(), "a `_io.StringIO`"),
    "open": (open, "`open` itself"),
    "getattr": (builtins.getattr, "`getattr` itself"),
    "a view of what all share": (re.compile("(?P<a>a)").groupindex, "a `builtins.mappingproxy`"),
    "an exception of its own kind": (raising, "a `builtins.FileNotFoundError`"),
}


@pytest.mark.parametrize("name", PLANTS)
def test_the_walk_finds_what_is_planted(step: Step, name: str) -> None:
    plant, problem = PLANTS[name]
    found = walked_from(step, plant).found
    assert any(path.startswith("json.planted") and said.startswith(problem) for path, said in found), found[:5]


def test_the_walk_finds_a_view_that_gives_away_what_is_behind_it(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern is shared by all logins, and so are its groups: `groupindex == spy` hands the spy the dict itself."""
    monkeypatch.setitem(guards.BARE, re.Pattern, ATTRIBUTES[re.Pattern])
    monkeypatch.setattr(walk, "OPAQUE_TYPES", walk.OPAQUE_TYPES | {types.MappingProxyType})
    found = walked(step, until_found=True).found
    assert ("a `dict` that was there before") in {problem for _, problem in found}


@pytest.mark.parametrize("kind", ["recorder", "journal", "guards", "tree", "modules"])
def test_the_walk_finds_our_own_objects(step: Step, kind: str) -> None:
    ours = {
        "recorder": step.recorder,
        "journal": step._journal,
        "guards": step.guards,
        "tree": step.recorder._tree,
        "modules": step.modules,
    }[kind]
    assert walked_from(step, lambda: ours).found[0][0].startswith("json.planted")


def test_every_module_is_a_facade(step: Step) -> None:
    names = namespace(step)
    assert {type(names[name.replace(".", "_")]) for name in MEMBERS} == {Module}
