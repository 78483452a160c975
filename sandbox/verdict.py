"""What a rule says about the login itself: its denial, and how it used `callback`."""

from __future__ import annotations

from typing import Any

from sandbox.exposed import UnauthorizedError
from sandbox.failure import CallbackError, text_of
from sandbox.recorder import Recorder
from sandbox.wire import Denial, DenialKind

OMITTED: Any = object()


class Verdict:
    """One rule's. `denial` is None while it has not denied; the first denial stands."""

    def __init__(self, recorder: Recorder, user: dict[str, Any] | None, context: dict[str, Any]) -> None:
        self._recorder = recorder
        self._own = {"user": user, "context": context}
        self._called = False
        self._misuse: CallbackError | None = None
        self.denial: Denial | None = None

    def callback(self, error: Any = None, user: Any = OMITTED, context: Any = OMITTED) -> None:
        """The third argument of a rule, as in Auth0 Rules. Raises `CallbackError` for what has no meaning."""
        self._recorder.check_open()
        if self._called:
            if self.denial is None:
                self._misuse = CallbackError("callback_called_twice", "`callback` was called a second time")
                raise self._misuse
            return
        # A denial that fails on its way, for want of depth or memory, and is caught, is none that has not been given.
        self._misuse = CallbackError("callback_failed", "the denial given to `callback` could not be noted")
        self._called = True
        if error is None:
            self._misuse = None
            for name, given in (("user", user), ("context", context)):
                if given is not OMITTED and given is not self._own[name]:
                    self._misuse = CallbackError(
                        "callback_object",
                        f"`callback` was given another `{name}` than the rule's own: change `{name}` itself",
                    )
                    raise self._misuse
        else:
            text = text_of(error, self._recorder.journal.limits)
            self.deny("unauthorized" if isinstance(error, UnauthorizedError) else "access_denied", text)
            self._misuse = None

    def deny(self, kind: DenialKind, text: str) -> None:
        if self.denial is None:
            self.denial = Denial(step=self._recorder.step, kind=kind, text=text)
            self._recorder.journal.deny(self._recorder.step, kind, text)

    def check_called(self) -> None:
        """Raises `CallbackError` when a rule that takes `callback` has ended without calling it."""
        if not self._called:
            raise CallbackError("callback_not_called", "the rule ended without calling `callback`")

    def check_use(self) -> None:
        """Raises the `CallbackError` that the rule has caught, if any."""
        if self._misuse is not None:
            raise self._misuse
