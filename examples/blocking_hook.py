"""The call of claims_hook.py for issuers that have no event loop: Django, Flask.

Copy both files. One `Claimsmith` serves the whole process, and all its threads.

A blocking client cannot keep the promise of claims_hook.py: its timeouts count per read, so that a service which
trickles bytes, or a name that does not resolve, holds the login for ever. So the asynchronous call is made here,
too, by an event loop in a thread of its own, and keeps its connections from login to login.
"""

from __future__ import annotations

import asyncio
import os
import threading

import httpx2

from examples.claims_hook import Decision, JSONObject, decide


class Claimsmith:
    """The service, as a blocking issuer asks it. Nothing is started before the first question."""

    def __init__(self, execute_url: str, token: str) -> None:
        self._execute_url, self._token = execute_url, token
        self._forget()
        # A worker forked after the first question has the loop and the connections, but not the thread.
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def decide(self, user: JSONObject | None, context: JSONObject) -> Decision:
        """Run the rules over one login: `decide` of claims_hook.py, waited for. Takes TIMEOUT_S at most."""
        with self._lock:
            if self._loop is None:
                self._http = httpx2.AsyncClient(trust_env=False)  # a proxy to the outside is no way to this service
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="claimsmith", daemon=True)
                self._thread.start()
            call = decide(self._http, self._execute_url, self._token, user, context)
            answer = asyncio.run_coroutine_threadsafe(call, self._loop)
        return answer.result()

    def close(self) -> None:
        """End the thread and its connections, when nobody asks any more; the next question starts them again."""
        with self._lock:
            if self._loop is not None:
                asyncio.run_coroutine_threadsafe(self._http.aclose(), self._loop).result()
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
                self._loop = None
