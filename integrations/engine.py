"""Sending requests as one connection: build, send, try again where that is safe, tell success from failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from integrations import template
from integrations.action import Answer, Ports
from integrations.answers import read, refuse_unreadable
from integrations.auth_methods import AnyAuthMethod
from integrations.failures import ActionFailed, RateLimited
from integrations.manifest import Api as ApiSection
from integrations.notation import MISSING
from integrations.outgoing import Limits, Outgoing, encode
from integrations.ports import Credentials, HttpBroken, HttpError, HttpRequest, HttpUnreachable, Json
from integrations.provider_failures import failure_in, transport_failure, wait_asked_for
from integrations.target import Target, target_of

FIRST_BACKOFF_SECONDS: Final = 0.5

SAFE_TO_REPEAT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that do the same twice as once (RFC 9110 9.2.2)."""

DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class ConnectedApi:
    """The provider's API as one connection may use it (the `Api` of `action`)."""

    section: ApiSection
    target: Target = field(repr=False)
    ports: Ports = field(repr=False)
    limits: Limits = DEFAULT_LIMITS

    async def get(self, path: str, values: Mapping[str, Json] = {}, *, query: Mapping[str, Json] = {}) -> Json:
        return (await self.send("GET", path, values, query=query)).json

    async def post(
        self, path: str, values: Mapping[str, Json] = {}, *, query: Mapping[str, Json] = {}, json: Json = MISSING
    ) -> Json:
        return (await self.send("POST", path, values, query=query, json=json)).json

    async def send(
        self,
        method: str,
        path: str,
        values: Mapping[str, Json] = {},
        *,
        query: Mapping[str, Json] = {},
        json: Json = MISSING,
        form: Mapping[str, Json] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        outgoing = Outgoing(
            method=method,
            path=template.path(path, values),
            query=query,
            json=json,
            form=form,
            content=content,
            headers=headers,
        )
        return await self.exchange(outgoing, may_repeat=method in SAFE_TO_REPEAT)

    def presigned(self, method: str, path: str, values: Mapping[str, Json] = {}, *, expires_seconds: int) -> str:
        if self.target.signer is None:
            raise RuntimeError("this auth method signs nothing")
        url = template.below(self.target.base_url, template.path(path, values))
        return self.target.signer.presigned(method, url, self.ports.now(), expires_seconds=expires_seconds)

    async def exchange(self, outgoing: Outgoing, *, may_repeat: bool) -> Answer:
        """Send `outgoing` and return the successful answer.

        A refusal with a short wait is tried again if `may_repeat`; an unreachable provider always, since nothing
        was sent. All waits together stay within the manifest's `retry.max_wait_seconds`.

        Raises:
            ActionFailed: the class says what the failure means.
        """
        request = encode(outgoing, self.target, self.limits)
        retry = self.section.retry
        time_left = retry.max_wait_seconds
        for attempt in range(retry.attempts):
            outcome, wait = await self._attempt(request, may_repeat=may_repeat)
            if isinstance(outcome, Answer):
                return outcome
            if wait is None:
                raise outcome
            wait = wait or FIRST_BACKOFF_SECONDS * 2**attempt
            if wait > time_left or attempt + 1 == retry.attempts:
                raise outcome
            time_left -= wait
            await self.ports.sleep(wait)
        raise AssertionError("retry.attempts is at least 1")

    async def _attempt(self, request: HttpRequest, *, may_repeat: bool) -> tuple[Answer | ActionFailed, float | None]:
        """One try: the answer or the failure, and whether to wait and try again (0: as long as usual; None: don't)."""
        try:
            answer = read(await self.ports.http.send(self.target.signed(request, self.ports.now())))
        except HttpError as error:
            is_worth_it = isinstance(error, HttpUnreachable) or (isinstance(error, HttpBroken) and may_repeat)
            return transport_failure(error, target=self.target), 0.0 if is_worth_it else None
        failure = failure_in(answer, self.section.failure, self.section.retry, target=self.target, now=self.ports.now())
        if failure is None:
            refuse_unreadable(answer)
            return answer, None
        is_temporary = answer.status in self.section.retry.statuses or isinstance(failure, RateLimited)
        if not (is_temporary and may_repeat):
            return failure, None
        return failure, wait_asked_for(answer.headers, self.section.retry, self.ports.now()) or 0.0


def connect(
    section: ApiSection,
    *,
    method: AnyAuthMethod | None,
    credentials: Credentials | None,
    ports: Ports,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
    base_url: str | None = None,
) -> ConnectedApi:
    """The API of `section` bound to a connection's credential, at `base_url` if that is given.

    Raises:
        CredentialsRejected: the connection lacks a value that its requests need.
    """
    limits = Limits(timeout_seconds=section.timeout_seconds, max_bytes=max_bytes)
    return ConnectedApi(section, target_of(section, method, credentials, base_url=base_url), ports, limits)
