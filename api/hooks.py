"""`POST /v1/hooks/{issuer}/{tenant}`: an issuer's own request, answered in its own words.

Whatever goes wrong, the answer is one that the issuer understands, and comes before it stops waiting: an issuer that
fails open would issue the token else.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from api.body import decode_json, json_response, read_body
from api.errors import ApiError
from api.issuers.issuer import JSON, RULE_FAILED, UNAVAILABLE, Asked, Cause, Issuer, NotTold, Refusal, Reply
from api.issuers.kinds import OF_THE_BODY, Secret
from api.issuers.secrets import Unauthenticated, authenticate, require_set
from api.issuers.table import ISSUERS
from api.origin import origin_of
from api.service import Service
from api.settings import TENANT_NAME
from engine.execution import Execution
from engine.models import HookSettings, Transaction, labels
from engine.store.errors import NotFound, StoreError
from engine.transaction import InvalidTransaction
from sandbox.pool import Busy
from sandbox.process import SandboxUnavailable

log = structlog.get_logger("claimsmith.hooks")

# Of the time that an issuer waits, this is for the way there and back, but no more than that share of it.
WAY, SHARE = 0.25, 0.2
TO_ANSWER = 0.05  # seconds that are left when the rules have to be done
TO_TELL = 0.02  # and when there has to be an execution, whatever they do
EXECUTION = "Claimsmith-Execution"
LONGEST_TEXT = 300  # of what is wrong with a call
NOT_NOW = (Busy, SandboxUnavailable, StoreError, TimeoutError)

now = time.time


class _Hook:
    """One call. What is known of it so far decides how it is refused."""

    def __init__(self, service: Service, issuer: Issuer, tenant: str, request: Request, headers: Mapping[str, str]):
        self._service = service
        self._issuer = issuer
        self._tenant = tenant
        self._request = request
        self._headers = headers
        self._origin = origin_of(headers)
        self._began = time.monotonic()
        self._body: JSON = {}
        self._secret: Secret | None = None
        self._execution: Execution | None = None

    async def answer(self) -> Response:
        try:
            settings = await self._settings()
            until = self._began + self._wait(settings)
            async with asyncio.timeout(until - time.monotonic()):
                asked = await self._asked(settings)
            self._execution = await self._executed(asked, until)
            reply = self._decided(asked, self._execution)
        except Exception as error:
            reply = self._refused(error)
        return self._response(reply)

    def _wait(self, settings: HookSettings) -> float:
        """How long it may take to answer here: less than the issuer waits, by the way there and back."""
        wait = self._issuer.within(settings)
        return wait - min(WAY, wait * SHARE)

    async def _settings(self) -> HookSettings:
        if not self._service.hook_secrets.live(self._tenant, self._issuer.name):
            raise Unauthenticated("no_secret")  # nor is anything of the call read, or looked for
        try:
            async with asyncio.timeout(self._issuer.wait / 2):
                revision = await self._service.live.revision(self._tenant)
        except NotFound:
            raise Unauthenticated("no_secret") from None
        return revision.settings.hooks.get(self._issuer.name, HookSettings())

    async def _asked(self, settings: HookSettings) -> Asked:
        """What a call asks for that is known to be the issuer's."""
        issuer, service = self._issuer, self._service
        # A call that is known by its headers alone is answered as one, however its body is.
        text = await self._text() if OF_THE_BODY.intersection(issuer.secrets) else None
        secrets = service.hook_secrets.live(self._tenant, issuer.name)
        passed = await authenticate(secrets, issuer.scheme, self._headers, text or b"", now(), service.key_sets)
        self._secret = secrets[passed.id]
        self._body = decode_json(await self._text() if text is None else passed.body, JSON)
        if issuer.vouches is not None and not issuer.vouches(self._body, self._secret):
            raise Unauthenticated("credentials")
        self._require_secret()  # the keys of others may have taken their time
        return issuer.parse(self._body, settings)

    async def _executed(self, asked: Asked, until: float) -> Execution:
        """The execution, which is recorded: one that comes to its deadline ends by it, with what is known of its steps.
        One that does not even do that is not waited for: `TimeoutError`."""
        left = until - time.monotonic()
        transaction = Transaction(
            tenant=self._tenant,
            user=None if asked.user is None else msgspec.json.encode(asked.user),
            context=msgspec.json.encode(asked.context),
            deadline=max(0.0, left - TO_ANSWER),
            until=until - TO_TELL,
            capability=asked.capability,
            origin=self._origin,
        )
        task = asyncio.ensure_future(self._service.engine.evaluate(transaction))
        try:
            # Where this process has stood still, what has ended meanwhile is known a moment after its timers: it is
            # recorded, and not to be taken away by one.
            for wait in (left, TO_TELL):
                if (await asyncio.wait({task}, timeout=wait))[0]:
                    return task.result()
            raise TimeoutError
        finally:
            task.cancel()

    def _decided(self, asked: Asked, execution: Execution) -> Reply:
        service = self._service
        service.metrics.observe(execution.seconds)
        if service.spans is not None:
            service.spans.note(execution, self._issuer.name)
        self._require_secret()
        if execution.decision == "allow":
            reply = self._issuer.allow(asked, execution)
            self._count("allow", None)
            return reply
        denial = execution.denial
        if denial is None or denial.error == "server_error":
            return self._refuse("failed", RULE_FAILED)
        error = denial.error if denial.error == "interaction_required" else "access_denied"
        return self._refuse("denied", denial.description, error)

    def _require_secret(self) -> None:
        """It is set at this moment, too: who has one that was deleted is told nothing."""
        assert self._secret is not None
        try:
            require_set(self._service.hook_secrets.live(self._tenant, self._issuer.name), self._secret)
        except Unauthenticated:
            self._secret = self._execution = None  # from now on it is nobody whom we know
            raise

    async def _text(self) -> bytes:
        return await read_body(self._request, self._headers, self._service.settings.body_bytes)

    def _refused(self, error: Exception) -> Reply:
        """What an exception is to the issuer. Its text is shown only where it is about the call itself."""
        match error:
            case Unauthenticated():
                # Of a stranger's call nothing is repeated; the signature over a payload was good.
                why = {"why": str(error.detail)} if error.reason == "payload" else {}
                self._warn("a hook's call is not known to be the issuer's", reason=error.reason, **why)
                return self._refuse("unauthenticated", error.description, reason=error.reason)
            case ApiError() if error.status == 503:  # of all that is asked before the rules, only keys can be away
                self._warn("the keys that a hook's call is signed with cannot be fetched")
                return self._refuse("unavailable", UNAVAILABLE, reason="keys")
            case ApiError() if error.status < 500:
                return self._invalid(error.description)
            case InvalidTransaction():
                return self._invalid(f"`{error.path}`: {error}")
            case msgspec.ValidationError():
                return self._invalid(str(error)[:LONGEST_TEXT])  # it may repeat what stands in the call
            case NotTold():
                execution = self._execution.id if self._execution else None
                log.error("what was decided is not told", **self._named(), execution_id=execution, error=str(error))
                return self._refuse("failed", RULE_FAILED)
        if isinstance(error, NOT_NOW):
            log.warning("a hook's call was not decided", **self._named(), error=type(error).__name__)
            return self._refuse("unavailable", UNAVAILABLE)
        text = "".join(traceback.format_exception(error))
        log.error("unexpected error", **self._named(), error_id=secrets.token_hex(8), exception=text)
        return self._refuse("failed", RULE_FAILED)

    def _invalid(self, text: str) -> Reply:
        self._warn("a hook's call cannot be understood", error=text)
        if self._secret is None:  # nobody whom we know: nothing was decided for them
            return self._refuse("unauthenticated", "the call cannot be read", reason="unreadable")
        return self._refuse("invalid", text)

    def _warn(self, event: str, **words: str) -> None:
        """Sparingly, where it was nobody whom we know."""
        left_out = 0 if self._secret is not None else self._service.strangers.line()
        if left_out is not None:
            more = {"left_out": left_out} if left_out else {}
            log.warning(event, **self._named(), **words, **more)

    def _refuse(self, cause: Cause, text: str, error: str = "access_denied", reason: str | None = None) -> Reply:
        """`reason` is the one of `api.hook_calls.REFUSED`, where it says more than the cause."""
        self._count(cause, None if cause == "denied" else reason or cause)
        return self._issuer.refuse(Refusal(cause=cause, text=text, error=error))

    def _count(self, outcome: str, refused: str | None) -> None:
        self._service.last_calls.note(self._tenant, self._issuer.name, refused)
        self._service.metrics.hooks[self._issuer.name, outcome] += 1

    def _response(self, reply: Reply) -> Response:
        headers = {} if self._execution is None else {EXECUTION: self._execution.id}
        body = reply.body
        if body is None:
            return Response(status_code=reply.status, headers=headers)
        if self._issuer.sign is not None and reply.status == 200:
            if self._secret is None:  # a verdict without a signature is none
                return Response(status_code=503, headers=headers)
            body = self._issuer.sign(body, self._body, self._secret, now())
        return json_response(body, reply.status, headers)

    def _named(self) -> dict[str, Any]:
        return {"issuer": self._issuer.name, "tenant": self._tenant, **labels(self._origin)}


async def hook(service: Service, request: Request, headers: Mapping[str, str]) -> Response:
    """Answer a call of an issuer's hook. Raises `ApiError` 404 for an issuer that is none of ours."""
    issuer = ISSUERS.get(request.path_params["issuer"])
    tenant = request.path_params["tenant"]
    if issuer is None or not TENANT_NAME.fullmatch(tenant):
        _unknown()
    return await _Hook(service, issuer, tenant, request, headers).answer()


def _unknown() -> NoReturn:
    raise ApiError("not_found", f"there is no such hook; issuers are {', '.join(ISSUERS)}")
