"""`auth0.users`: changes of metadata that go back to the issuer with the answer."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.modules import Namespace
from sandbox.plain import NotPlain, plain
from sandbox.recorder import Recorder, rule_line
from sandbox.verdict import Verdict

# Each store, and the functions that change it.
STORES = {
    "user_metadata": ("updateUserMetadata", "update_user_metadata"),
    "app_metadata": ("updateAppMetadata", "update_app_metadata"),
}
Updates = dict[str, dict[str, Any] | None]


class Users:
    """One rule's `auth0.users`: collects patches in `updates`."""

    def __init__(
        self, updates: Updates, user: dict[str, Any] | None, user_id: Any, recorder: Recorder, verdict: Verdict
    ) -> None:
        self._updates = updates
        self._user = user
        self._user_id = user_id  # of the transaction: a rule may write another one into `user`
        self._recorder = recorder
        self._verdict = verdict

    def auth0(self) -> Namespace:
        members: dict[str, Any] = {}
        for store, names in STORES.items():
            members.update(dict.fromkeys(names, self._updater(store)))
        return Namespace("auth0", {"users": Namespace("auth0.users", members)})

    def _updater(self, store: str) -> Any:
        def update(user_id: Any, patch: Any) -> None:
            if self._user is None:
                raise ValueError("there is no user in this login, whose metadata could be changed")
            if type(user_id) is not str or user_id != self._user_id:
                raise ValueError(f"only the metadata of the user who logs in can be changed, not of {user_id!r}")
            if type(patch) is not dict:
                raise TypeError(f"`{store}` is changed by a dict, not by a `{type(patch).__name__}`")
            journal = self._recorder.journal
            try:
                new = plain(patch, journal.limits.depth)
            except NotPlain as error:
                raise ValueError(f"`{store}`: {error}") from None
            self._recorder.check_open()
            if self._verdict.denial is not None:
                return
            old = self._updates[store]
            known = self._user.get(store)
            new = merged(old, new, known if type(known) is dict else {})
            size = len(msgspec.json.encode(new))
            if size > journal.limits.updates:
                text = f"the changes of `{store}` have {size} bytes: the limit is {journal.limits.updates}"
                journal.exceed("updates_too_large", text)
            with self._recorder.recording():
                self._updates[store] = new
                op: Any = "add" if old is None else "replace"
                journal.write(self._recorder.step, op, f"/updates/{store}", old, new, rule_line())

        return update


def merged(old: dict[str, Any] | None, new: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Two patches of metadata as one, in Auth0's terms: merge at the root, null deletes, an empty one clears.

    A patch after one that clears cannot say so; it deletes the keys that are known instead.
    """
    if old is None or not new:
        return new
    if not old:
        old = dict.fromkeys(known)
    return old | new
