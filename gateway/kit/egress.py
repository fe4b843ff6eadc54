"""The one way out: every HTTP request of the gateway and its integrations is sent here, within one policy.

The connection is made to the very address that was judged, under the name that was asked for. Redirects are answers,
cookies are not kept, and nothing is read from the environment.
"""

import io
import os
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache, lru_cache, partial
from types import TracebackType
from typing import Self

import aiohttp
import httpx2
from yarl import URL

from gateway.kit.egress_decoding import ACCEPT_ENCODING, body_decoder, too_large
from gateway.kit.egress_headers import request_headers
from gateway.kit.egress_httpx import EgressTransport
from gateway.kit.egress_policy import EgressPolicy, Target
from gateway.kit.egress_resolver import CONNECT_TIMEOUT_SECONDS, CheckedResolver, Resolve, resolve_by_system
from gateway.kit.egress_stream import StreamedAnswer
from integrations.ports import (
    HttpBroken,
    HttpError,
    HttpRefused,
    HttpRequest,
    HttpResponse,
    HttpTimedOut,
    HttpUnreachable,
)

_METHOD = re.compile(r"[A-Z]{1,24}")
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})
_DEFAULT_HEADERS = {"accept-encoding": ACCEPT_ENCODING, "user-agent": "Toolgate"}
# Events are not decompressed: what arrives in pieces would have to be bounded piece by piece.
_STREAM_HEADERS = {**_DEFAULT_HEADERS, "accept-encoding": "identity"}

# Per host, so that a slow provider fills its own share and nobody else's; there is no limit over all hosts.
_CONNECTIONS_PER_HOST = 100
# Streams stay open while people are asked: they must not use up what plain requests of the same host need.
_STREAMS_PER_HOST = 1_000
_DNS_CACHE_SECONDS = 10
_KEEP_ALIVE_SECONDS = 15.0
_MAX_HEADER_BYTES = 16 * 1024
_MAX_HEADERS = 128
# aiohttp warns of larger ones as bytes, because writing them in one go holds up everybody else.
_LARGE_BODY = 1024 * 1024


class Egress:
    """Sends requests for everybody; implements `integrations.ports.Http`. Use as a context manager.

    `resolve` and `tls` are seams for tests.
    """

    def __init__(
        self, policy: EgressPolicy, *, resolve: Resolve = resolve_by_system, tls: ssl.SSLContext | None = None
    ) -> None:
        self.policy = policy
        self._resolver = CheckedResolver(policy, resolve)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None
        self._transport: EgressTransport | None = None

    async def __aenter__(self) -> Self:
        tls = self._tls or _tls_context()
        self._session = self._open_session(tls, connections_per_host=_CONNECTIONS_PER_HOST)
        self._streams = self._open_session(tls, connections_per_host=_STREAMS_PER_HOST)
        self._transport = EgressTransport(self.policy, self._resolver, tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()
        if self._transport is not None:
            await self._transport.close_connections()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and read the whole answer; a redirect is an answer like any other.

        The caller's `accept-encoding` is replaced; the answer comes decoded.

        Raises:
            HttpError: by kind; the message names the host and never path, query or headers.
        """
        target, headers = self._judged(request, defaults=_DEFAULT_HEADERS)
        try:
            return await self._exchange(request, target, headers)
        except (aiohttp.ClientError, OSError) as err:
            failure = _explain(err, target.origin.host)
        # Outside of the handler: aiohttp's errors print the URL with its query, and a chained traceback is logged.
        raise failure

    @asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[StreamedAnswer]:
        """Send one request and hand over the answer once its head is here; leaving the block ends the connection.

        A body that was read to its end leaves the connection to others. The request's limits of time and size are
        not applied: the caller has its own. A redirect is an answer like any other.

        Raises:
            HttpError: by kind, as `send` does; also while the body is read.
        """
        if self._streams is None:
            raise RuntimeError("Egress is used outside of its context")
        target, headers = self._judged(request, defaults=_STREAM_HEADERS)
        try:
            response = await self._start(self._streams, request, target, headers=headers, timeout=_UNTIMED)
        except (aiohttp.ClientError, OSError) as err:
            failure = _explain(err, target.origin.host)
        else:
            explain = partial(_explain, host=target.origin.host)
            try:
                yield StreamedAnswer(response, _headers(response), host=target.origin.host, explain=explain)
            finally:
                response.close()
            return
        # As in `send`.
        raise failure

    def httpx_transport(self) -> httpx2.AsyncBaseTransport:
        """The same way out for libraries that bring their own httpx2 client, such as Authlib's.

        Give such a client `trust_env=False` too; closing it leaves this transport open.
        """
        if self._transport is None:
            raise RuntimeError("Egress is used outside of its context")
        return self._transport

    def httpx_client(self, *, timeout_seconds: float = 30.0) -> httpx2.AsyncClient:
        """An httpx2 client on the same way out; `timeout_seconds` is per read and write, connecting has its own."""
        timeout = httpx2.Timeout(timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
        return httpx2.AsyncClient(
            transport=self.httpx_transport(), timeout=timeout, trust_env=False, follow_redirects=False
        )

    async def _exchange(self, request: HttpRequest, target: Target, headers: dict[str, str]) -> HttpResponse:
        if self._session is None:
            raise RuntimeError("Egress is used outside of its context")
        timeout = _timeouts(request.timeout_seconds)
        response = await self._start(self._session, request, target, headers=headers, timeout=timeout)
        try:
            content = await _read(response, request.max_response_bytes, host=target.origin.host)
        except BaseException:
            # Half read, so the connection can't serve another request; the provider learns that nobody listens.
            response.close()
            raise
        return HttpResponse(response.status, _response_headers(response), content)

    def _judged(self, request: HttpRequest, *, defaults: Mapping[str, str]) -> tuple[Target, dict[str, str]]:
        """Return where the request goes and with what headers. Raises `HttpRefused`."""
        target = self.policy.target(request.url)
        if not _METHOD.fullmatch(request.method) or request.method in _REFUSED_METHODS:
            raise HttpRefused("the request's method is none that may be sent")
        return target, request_headers(request.headers, defaults=defaults)

    async def _start(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        target: Target,
        *,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own
    ) -> aiohttp.ClientResponse:
        """Send the request; the answer's body is still to be read."""
        body = request.body
        return await session.request(
            request.method,
            # Encoded already, and normalised by the policy: what was judged is what is sent, byte for byte.
            URL(target.url, encoded=True),
            headers=headers,
            data=io.BytesIO(body) if body is not None and len(body) > _LARGE_BODY else body,
            allow_redirects=False,
            timeout=timeout,
            proxy=None if target.is_direct else self.policy.proxy,
        )

    def _open_session(self, tls: ssl.SSLContext, *, connections_per_host: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            ssl=tls,
            limit=0,
            limit_per_host=connections_per_host,
            ttl_dns_cache=_DNS_CACHE_SECONDS,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Content-Type",),
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            max_headers=_MAX_HEADERS,
        )


@cache
def _tls_context() -> ssl.SSLContext:
    # Building one costs 19 ms, so there is one per process; it is never changed after this.
    return ssl.create_default_context()


@lru_cache(maxsize=256)
def _timeouts(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=CONNECT_TIMEOUT_SECONDS)


_UNTIMED = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_SECONDS)


async def _read(response: aiohttp.ClientResponse, max_bytes: int, *, host: str) -> bytes:
    length = response.content_length
    if length is not None and length > max_bytes and response.method != "HEAD":
        raise too_large(host, max_bytes)
    decoder = body_decoder(response.headers.get("content-encoding", ""), max_bytes=max_bytes, host=host)
    while chunk := await response.content.readany():
        decoder.feed(chunk)
    return decoder.finish()


def _response_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers = _headers(response)
    if "content-encoding" in headers:
        # They describe the body as it travelled.
        del headers["content-encoding"]
        headers.pop("content-length", None)
    return headers


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.raw_headers:
        name = raw_name.decode("ascii", "replace").lower()
        # A header is bytes; text with lone surrogates would break whoever encodes it next.
        value = raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _explain(error: Exception, host: str) -> HttpError:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return HttpUnreachable(f"the name {host} could not be resolved")
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "it does not fit")
            return HttpUnreachable(f"the certificate of {host} was not accepted: {reason}")
        case aiohttp.ClientConnectorSSLError():
            return HttpUnreachable(f"no TLS connection to {host} could be made")
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return HttpUnreachable(f"the egress proxy made no connection to {host}")
        case aiohttp.ClientConnectorError():
            # The error's own text names the address, which is nobody's business outside.
            return HttpUnreachable(f"no connection to {host} could be made: {os.strerror(error.os_error.errno or 0)}")
        case aiohttp.ConnectionTimeoutError():
            return HttpUnreachable(f"no connection to {host} within {CONNECT_TIMEOUT_SECONDS:g} seconds")
        case TimeoutError():
            return HttpTimedOut(f"{host} gave no complete answer in time")
        case _:
            return HttpBroken(f"the connection to {host} broke, or its answer was not HTTP")
