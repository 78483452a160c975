"""The logins that programs run for, and the ordinary rule that has to be right after each of them."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.sandbox import trial

# Logins: the user and the context of each.
LOGINS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    (trial.USER, trial.CONTEXT),
    (
        trial.USER | {"name": "Ádá ☃", "a/b~c": [1, {"": None}], "items": [[], {}], "0": 2**63, "ratio": -0.0},
        trial.CONTEXT | {"idToken": {"kept": 1, "a": {"b": [1, 2, {"c": "d"}]}}, "request": {"ip": "192.0.2.1", "query": {"x": "1"}}},
    ),
    (
        {"user_id": "u", "email": "", "permissions": [], "app_metadata": {"roles": [], "level": 0}, "user_metadata": {}},
        {"clientID": "c", "stats": {"loginsCount": 1}, "redirect": None, "multifactor": {"provider": "any"}},
    ),
)  # fmt: skip

# The library that all rules of a worker share, each part with its answer.
ORDINARY = """
import base64, datetime, hashlib, hmac, json, math, re, random, string, urllib.parse, uuid
class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b
    def __lt__(self, other):
        return self.a < other.a
def rule(user, context):
    out = context.idToken
    out.email = user.email
    out.text = '{0.email} {1:>4}'.format(user, 7) + f'{user.app_metadata.level:03d}'
    out.re = [re.sub('(a)(b)?', r'<\\\\1>', 'abac'), re.compile('[a-z]+').findall('ab 1 cd'), bool(re.match('X', 'x', re.I))]
    out.json = json.loads(json.dumps({'a': [1, 2.5, None, True]}))
    out.date = datetime.datetime.strptime('2026-01-02', '%Y-%m-%d').replace(tzinfo=datetime.UTC).isoformat()
    out.now = datetime.datetime.now(datetime.UTC).year
    out.hash = [hashlib.sha256(b'a').hexdigest()[:8], hmac.new(b'k', b'm').hexdigest()[:8], base64.b64encode(b'abc').decode()]
    out.url = [urllib.parse.quote('a b/ü'), urllib.parse.urlparse('https://h:1/p?q#f').port, urllib.parse.parse_qs('a=1&a=2')]
    out.uuid = str(uuid.uuid5(uuid.NAMESPACE_DNS, 'example.com'))
    out.sorted = [p.b for p in sorted([Pair(2, 'x'), Pair(1, 'y')])]
    out.math = [math.isqrt(17), round(math.pi, 3), string.digits, sum(x for x in range(5))]
    out.random = [random.random(), random.randint(1, 6), str(uuid.uuid4())]
    try:
        user.missing
    except AttributeError as error:
        out.error = str(error)[:16]
    user.permissions.append('x')
    out.permissions = user.permissions
"""
