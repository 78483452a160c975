"""What WSO2 makes of an answer: its processors of both actions, modelled after their code (facts of
wso2-extensions/identity-inbound-auth-oauth and wso2/carbon-identity-framework), with every looseness that they have.

It drops what it does not take, as they do, and says what it has dropped: an answer of ours should leave nothing.
"""

from __future__ import annotations

import copy
import re
from typing import Any

JSON = dict[str, Any]

SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
STATIC_TEXT = re.compile(r"[a-zA-Z0-9\s_.!?;:'()\[\]-]{1,300}", re.ASCII)
OWN = "sub iss aud client_id aut expires_in act binding_ref binding_type subject_type iat".split()
OWN_OF_ID_TOKENS = "at_hash c_hash s_hash sid realm tenant userstore isk exp auth_time nonce acr amr azp".split()


def java_integer(text: str) -> int | None:
    """`Integer.parseInt`."""
    if re.fullmatch(r"[+-]?\d+", text) and -(2**31) <= int(text) < 2**31:
        return int(text)
    return None


def java_split(path: str) -> list[str]:
    """`String.split("/")`: what is empty at the end is not there."""
    parts = path.split("/")
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def accepted(call: JSON, operation: JSON) -> bool:
    """`OperationComparator`."""
    path = operation["path"]
    base = path[: path.rfind("/") + 1]
    return any(
        one["op"] == operation["op"] and (path in one["paths"] or base in one["paths"])
        for one in call["allowedOperations"]
    )


class Issued:
    """A token as it is issued after an answer. `dropped` are the operations that came to nothing.

    `running`: places in lists are those of what has become of them, not of what came: the code of ID tokens hands out
    the same lists for both.
    """

    def __init__(self, call: JSON, answer: JSON, running: bool = False) -> None:
        self.access = call["actionType"] == "PRE_ISSUE_ACCESS_TOKEN"
        self.token = "accessToken" if self.access else "idToken"
        part = call["event"][self.token]
        self._came = {claim["name"]: claim["value"] for claim in reversed(part["claims"])}
        self.claims = self._came if running else copy.deepcopy(self._came)
        if running:
            self._came = dict(self._came)
        self.scopes = list(part.get("scopes") or ())
        self._scopes_came = list(self.scopes)
        self.dropped: list[JSON] = []
        assert answer["actionStatus"] == "SUCCESS"
        for operation in answer["operations"]:
            if not accepted(call, operation) or not self._done(operation):
                self.dropped.append(operation)
        if self.access:  # names of its own are taken from elsewhere
            added = self.claims.keys() - self._came.keys()
            self.dropped += [{"own": name} for name in added if name in OWN and name != "expires_in"]

    def _done(self, operation: JSON) -> bool:
        path, do = operation["path"], operation["op"]
        if self.access and path.startswith("/accessToken/scopes/"):
            return {"add": self._add_scope, "remove": self._remove_scope}[do](operation)
        prefix = f"/{self.token}/claims/"
        if not path.startswith(prefix):
            return False
        if path.startswith(prefix + "aud"):
            return False  # the audience, which no answer of ours changes
        if self.access and not self._came:
            return False
        return {"add": self._add, "remove": self._remove, "replace": self._replace}[do](operation)

    def _add(self, operation: JSON) -> bool:
        name, value = operation["value"]["name"], operation["value"]["value"]
        if self._index(operation["path"], len(self._came)) is None:
            return False
        if self.access and name.lower() == "scope":
            return False
        if not self.access and name in (*OWN, *OWN_OF_ID_TOKENS):
            return False
        if name in self._came or not (self._plain(value) or self._texts(value)):
            return False
        self.claims[name] = value
        return True

    def _remove(self, operation: JSON) -> bool:
        name, place = self._named(operation["path"])
        if name not in self._came:
            return False
        if place is None:
            del self.claims[name]
            return True
        member = self._member(name, place)
        if member is None or member not in self.claims[name]:
            return False
        self.claims[name].remove(member)
        return True

    def _replace(self, operation: JSON) -> bool:
        value = operation["value"]
        if operation["path"] == f"/{self.token}/claims/expires_in":
            self.claims["expires_in"] = value
            return isinstance(value, int) and value > 0
        name, place = self._named(operation["path"])
        if name not in self._came or (not self.access and self._came[name] is None):
            return False
        if place is None:
            self.claims[name] = value
            return True
        member = self._member(name, place)
        if member is None or not self._plain(value) or str(value) in self.claims[name]:
            return False
        if member in self.claims[name]:
            self.claims[name].remove(member)
        self.claims[name].append(str(value))
        return True

    def _add_scope(self, operation: JSON) -> bool:
        scope = str(operation["value"])
        if self._index(operation["path"], len(self.scopes)) is None:
            return False
        if scope in self.scopes or not SCOPE.fullmatch(scope):
            return False
        self.scopes.append(scope)
        return True

    def _remove_scope(self, operation: JSON) -> bool:
        index = self._index(operation["path"], len(self._scopes_came))
        if index is None or not self._scopes_came:
            return False
        scope = self._scopes_came[index]
        if scope not in self.scopes:
            return False
        self.scopes.remove(scope)
        return True

    def _member(self, name: str, place: int) -> str | None:
        came = self._came[name]
        if not isinstance(came, list) or not 0 <= place < len(came):
            return None
        assert all(isinstance(member, str) for member in came), "a ClassCastException, and no token"
        return str(came[place])

    @staticmethod
    def _named(path: str) -> tuple[str, int | None]:
        parts = java_split(path)
        place = java_integer(parts[-1])
        return (parts[-1], None) if place is None else (parts[-2], place)

    @staticmethod
    def _index(path: str, size: int) -> int | None:
        part = path[path.rfind("/") + 1 :]
        if part == "-":
            return max(size - 1, 0)
        index = java_integer(part)
        return index if index is not None and 0 <= index < size else None

    @staticmethod
    def _plain(value: Any) -> bool:
        return isinstance(value, str | int | float | bool)

    @staticmethod
    def _texts(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(member, str) for member in value)


def readable(body: JSON) -> bool:
    """Whether a refusal is read at all (`ActionInvocationFailureResponse`, `ActionInvocationErrorResponse`)."""
    failed = body["actionStatus"] == "FAILED"
    reason, text = ("failureReason", "failureDescription") if failed else ("errorMessage", "errorDescription")
    if failed and body[reason].lower() in ("server_error", "internal_server_error", "500"):
        return False
    if not STATIC_TEXT.fullmatch(body[reason]) or len(body[reason]) > 100:
        return False
    return not body[text] or STATIC_TEXT.fullmatch(body[text]) is not None
