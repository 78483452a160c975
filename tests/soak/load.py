"""Logins without a pause, each of which is known to be right or wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import Any

import httpx2

from tests.soak.site import Site

PLAN, EMAIL = "https://example.com/plan", "https://example.com/email"
RULES = {
    "first": f"def rule(user, context):\n    context.idToken['{EMAIL}'] = user.email.lower()\n",
    "second": "def rule(user, context):\n    context.accessToken['n'] = user.n * 2\n",
}
LATE = 3.0  # seconds in which a change has to be live everywhere, with Redis and the database at their worst


def number_rule(number: int) -> str:
    return f"def rule(user, context):\n    context.idToken['{PLAN}'] = {number}\n"


class Load:
    def __init__(self, site: Site, callers: int, pause: float) -> None:
        self._site = site
        self._pause = pause
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(callers)]
        self.numbers: dict[int, float] = {}  # of a rule under change, with when it was superseded
        self.during = "nothing"
        self.asked = self.right = 0
        self.wrong: list[Any] = []
        self.failed: Counter[tuple[str, str]] = Counter()
        self.seconds: list[float] = []
        self.stall = 0.0
        self._last = time.monotonic()

    def start(self) -> None:
        self._last = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, caller: int) -> None:
        turn = 0
        headers = {"Authorization": f"Bearer {self._site.token}"}
        with httpx2.Client(base_url=self._site.url, headers=headers, trust_env=False, timeout=10) as client:
            while not self._stopped.is_set():
                turn += 1
                user = {"user_id": f"u{caller}", "email": f"User{caller}.{turn}@Example.com", "n": turn}
                began = time.monotonic()
                said = self._ask(client, user)
                self._note(began, user, said)
                time.sleep(self._pause)

    def _ask(self, client: httpx2.Client, user: dict[str, Any]) -> httpx2.Response | str:
        try:
            return client.post("/v1/execute", json={"user": user, "context": {}})
        except httpx2.HTTPError as error:
            return type(error).__name__

    def _note(self, began: float, user: dict[str, Any], said: httpx2.Response | str) -> None:
        now = time.monotonic()
        with self._lock:
            self.asked += 1
            self.seconds.append(now - began)
            if isinstance(said, str) or said.status_code != 200:
                why = said if isinstance(said, str) else f"{said.status_code} {said.text[:200]}"
                self.failed[self.during, why] += 1
                return
            answer = said.json()
            if self._is_right(answer, user, began):
                self.right += 1
                self.stall = max(self.stall, now - self._last)
                self._last = now
            elif answer["decision"] == "deny" and answer["denial"]["error"] == "server_error":
                self.failed[self.during, f"denied: {answer['denial']['rule']}"] += 1
            else:
                self.wrong.append((self.during, answer, user))

    def _is_right(self, answer: dict[str, Any], user: dict[str, Any], began: float) -> bool:
        if answer["decision"] != "allow" or answer["accessToken"] != {"n": user["n"] * 2}:
            return False
        claims = dict(answer["idToken"])
        superseded = self.numbers.get(claims.pop(PLAN, None), 0.0)
        return claims == {EMAIL: user["email"].lower()} and began < superseded + LATE

    def change(self, number: int) -> None:
        """From now on the rule may say this, and what it said before for a little while only."""
        with self._lock:
            now = time.monotonic()
            self.numbers = {known: min(until, now) for known, until in self.numbers.items()}
            self.numbers[number] = float("inf")

    def unchanged(self, number: int, before: int) -> None:
        """It may or may not have been changed: nobody has said."""
        with self._lock, contextlib.suppress(KeyError):
            self.numbers[before] = float("inf")
