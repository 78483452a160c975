"""The words that the editor completes, as JSON: `python -m api.console.editor.words`.

They are made of the sandbox's own tables before the console is served, since the service itself never loads these.
Fields of `user` and `context` are the issuer's; those that Auth0's rules had stand here.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping
from typing import Any

from sandbox.checks import METHODS as CONFIGURATION
from sandbox.checks import OPTIONAL_FIELDS
from sandbox.drawn import Drawn
from sandbox.exposed import BUILTINS, CLASS_ATTRIBUTES, PER_STEP
from sandbox.facades import FIXED
from sandbox.guards import DICT_METHODS
from sandbox.members import MODULES

Word = dict[str, str]  # label, type (as CodeMirror names them), and info where there is something to say

REFUSED = frozenset("async await with".split())  # of Python's keywords

NAMESPACES = frozenset("auth0 cache configuration http".split())

USER = {
    "user_id": "the user's id at the issuer",
    "email": "",
    "email_verified": "whether the address has been proved",
    "name": "",
    "nickname": "",
    "given_name": "",
    "family_name": "",
    "picture": "address of a picture",
    "username": "of a database connection",
    "phone_number": "",
    "created_at": "when the user was made",
    "updated_at": "when the user was changed last",
    "last_password_reset": "",
    "multifactor": "list of the second factors that are enrolled",
    "user_metadata": "what the user may change",
    "app_metadata": "what only applications may change",
    "identities": "list of accounts: connection, provider, user_id, isSocial",
    "groups": "list, where the issuer sends it",
    "roles": "list, where the issuer sends it",
    "permissions": "list, where the issuer sends it",
}
CONTEXT = {
    "idToken": "claims of the ID token: set yours here, under a name with a namespace",
    "accessToken": "claims of the access token; `scope` is the list of scopes",
    "clientID": "the application",
    "clientName": "the application's name",
    "clientMetadata": "of the application: text by name",
    "connection": "name of the connection by which the user came",
    "connectionID": "",
    "connectionStrategy": "kind of connection: `auth0` for a database",
    "connectionOptions": "",
    "connectionMetadata": "of the connection: text by name",
    "protocol": "`oidc-basic-profile`, `oauth2-refresh-token`, `redirect-callback` ...",
    "request": "the login's request",
    "stats": "how often the user was here",
    "authentication": "`methods`: list of name and timestamp; `mfa` is a second factor that was given",
    "authorization": "`roles`: list of names",
    "organization": "`id`, `name`, `metadata`",
    "riskAssessment": "`confidence` and `assessments`, where the issuer sends it",
    "multifactor": "set it to ask for a second factor",
    "redirect": "set it to send the login to a page of yours",
    "lifetime": 'seconds that a token lives: `{"idToken": 3600}`, where the tenant allows that',
    "primaryUser": "of linked accounts",
    "samlConfiguration": "the issuer's; a change has no effect here",
    "sessionID": "",
    "sso": "",
    "tenant": "the tenant's name at the issuer",
}
INNER = {
    "context.accessToken": {"scope": "list of the scopes; a change counts where the tenant allows it"},
    "context.authentication": {"methods": "list of name and timestamp"},
    "context.authorization": {"roles": "list of names"},
    "context.multifactor": {"provider": "`any`, or what the issuer knows", "allowRememberBrowser": ""},
    "context.organization": {"id": "", "name": "", "metadata": ""},
    "context.redirect": {"url": "where the login goes"},
    "context.request": {
        "ip": "may be IPv6",
        "userAgent": "",
        "hostname": "",
        "query": "parameters of the address; `audience` may be here",
        "body": "parameters of the body; `audience` may be here",
        "geoip": "where the address is",
    },
    "context.request.geoip": dict.fromkeys(
        """city_name continent_code country_code country_code3 country_name latitude longitude subdivision_code
        subdivision_name time_zone""".split(),
        "",
    ),
    "context.riskAssessment": {"confidence": "`low`, `medium`, `high` or `neutral`", "assessments": "", "version": ""},
    "context.stats": {"loginsCount": "how many logins, this one included"},
}

_METADATA = "(user.user_id, {...}) asks the issuer to change it: merged at the root, None deletes"
_CALL = "(url, headers=, params=, json=, data=, auth=, timeout=)"
NAMESPACE_MEMBERS = {
    "auth0": {"users": "changes of metadata"},
    "auth0.users": {
        "updateUserMetadata": _METADATA,
        "updateAppMetadata": _METADATA,
        "update_user_metadata": _METADATA,
        "update_app_metadata": _METADATA,
    },
    "cache": {
        "get": "(key, default=None)",
        "set": "(key, value, ttl=3600) keeps JSON for so many seconds",
        "delete": "(key)",
    },
    "http": {
        "get": f"{_CALL[:-1]}, cache=) of an answer with status_code, ok, text, content, json(), headers, url",
        "head": _CALL,
        "post": _CALL,
        "put": _CALL,
        "patch": _CALL,
        "delete": _CALL,
        "request": "(method, url, ...)",
        "Error": "all that goes wrong with a call",
        "Timeout": "no answer in `timeout`, or before the login's deadline",
        "ConnectionError": "the host cannot be reached, hangs up, or is left alone for 10 s",
        "NotAllowed": "the host is not on the tenant's list, or its address is not public",
        "HTTPError": "`raise_for_status()` of an answer of 400 and above",
    },
}
CONFIGURATION_MEMBERS = {"get": "(name) gives None where there is no such value", "keys": "() says what there is"}


def words() -> dict[str, Any]:
    """`names` that stand for themselves, `modules` to import, and `members` by the dotted path before them."""
    return {"names": _names(), "modules": _modules(), "members": dict(sorted(_members().items()))}


def _word(label: str, kind: str, info: str = "") -> Word:
    return {"label": label, "type": kind} | ({"info": info} if info else {})


def _names() -> list[Word]:
    builtins = [_word(name, _kind(value), reason) for name, (value, reason) in BUILTINS.items()]
    made = [_word(name, "namespace" if name in NAMESPACES else "function", why) for name, why in PER_STEP.items()]
    arguments = [_word("user", "variable", "who logs in"), _word("context", "variable", "the login")]
    keywords = [_word(name, "keyword") for name in keyword.kwlist if name not in REFUSED and name not in BUILTINS]
    return sorted([*builtins, *made, *arguments, *keywords], key=lambda word: word["label"])


def _modules() -> list[Word]:
    return [_word(name, "namespace") for name in sorted(MODULES)]


def _members() -> dict[str, list[Word]]:
    found = {path: _of_module(path) for path in MODULES}
    for module, values in FIXED.items():
        found |= {f"{module}.{name}": _of_class(value) for name, value in values.items() if _readable(value)}
    found |= {name: _of_class(value) for name, (value, _) in BUILTINS.items() if _readable(value)}
    fields = {"user": USER, "context": CONTEXT, **INNER}
    found |= {path: [*_of_fields(rows), *_of_dict()] for path, rows in fields.items() if rows}
    found["context.idToken"] = _of_dict()
    found |= {
        path: [_word(name, "class" if name[0].isupper() else "method", info) for name, info in rows.items()]
        for path, rows in NAMESPACE_MEMBERS.items()
    }
    found["configuration"] = [_word(name, "method", CONFIGURATION_MEMBERS[name]) for name in sorted(CONFIGURATION)]
    return found


def _of_module(path: str) -> list[Word]:
    words = []
    for names, reason in MODULES[path]:
        for name in names.split():
            inner = f"{path}.{name}" in MODULES
            kind = "namespace" if inner else _kind(FIXED.get(path, {}).get(name, print))
            words.append(_word(name, kind, reason))
    return words


_CLOCKED = Drawn(0, b"", lambda holder, change: None).special()


def _readable(value: Any) -> bool:
    return isinstance(value, type) and value in CLASS_ATTRIBUTES


def _of_class(kind: type) -> list[Word]:
    names = CLASS_ATTRIBUTES[kind] | {name for owner, name in _CLOCKED if owner is kind}
    return [_word(name, _kind(getattr(kind, name))) for name in sorted(names)]


def _of_fields(rows: Mapping[str, str]) -> list[Word]:
    return [_word(name, "property", _field(name, info)) for name, info in rows.items()]


def _field(name: str, info: str) -> str:
    if name not in OPTIONAL_FIELDS:
        return info
    return f"{info}; may be missing: read it by .get" if info else "may be missing: read it by .get"


def _of_dict() -> list[Word]:
    return [_word(name, "method") for name in sorted(DICT_METHODS)]


def _kind(value: Any) -> str:
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else "constant"


if __name__ == "__main__":
    print(json.dumps(words(), indent=0, sort_keys=True))
