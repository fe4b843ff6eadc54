"""The same way out for libraries built on httpx2: same map, same checks, same TLS context, bounded answers.

It streams, which the MCP client needs; tool calls take the several times cheaper `Egress.send`.
"""

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable
from contextlib import contextmanager
from typing import cast

import anyio
import httpcore2
import httpx2
from httpcore2 import SOCKET_OPTION
from yarl import URL

from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.egress_resolver import CONNECT_TIMEOUT_SECONDS, CheckedResolver
from integrations.ports import HttpRefused

_MAX_BODY_BYTES = 5 * 1024 * 1024
_KEEP_ALIVE_SECONDS = 15.0


class EgressTransport(httpx2.AsyncBaseTransport):
    """An httpx2 transport; what the policy refuses is a `ConnectError` here, as such libraries expect."""

    def __init__(self, policy: EgressPolicy, resolver: CheckedResolver, tls: ssl.SSLContext) -> None:
        self._policy = policy
        self._direct = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=None,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=_CheckedBackend(resolver),
        )
        self._proxied = None if policy.proxy is None else _proxied_pool(policy.proxy, tls)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the answer's body is read as the caller consumes it."""
        try:
            target = self._policy.target(str(request.url))
        except HttpRefused as err:
            raise httpx2.ConnectError(err.message, request=request) from err
        pool = self._direct if target.is_direct or self._proxied is None else self._proxied
        outgoing = httpcore2.Request(
            request.method,
            target.url,
            headers=_outgoing_headers(request, host=target.url.split("/", maxsplit=3)[2]),
            content=cast("AsyncIterable[bytes]", request.stream),
            extensions=request.extensions,
        )
        with _as_httpx_errors(request):
            answer = await pool.handle_async_request(outgoing)
        body = _BoundedStream(cast("httpx2.AsyncByteStream", answer.stream), request)
        response = httpx2.Response(answer.status, headers=answer.headers, stream=body)
        await _refuse_encoded(response, request)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            body.max_bytes = _MAX_BODY_BYTES
        return response

    async def aclose(self) -> None:
        """Stay open: the connections are shared by every client, and end with `Egress`."""

    async def close_connections(self) -> None:
        """End all connections."""
        await self._direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, resolver: CheckedResolver) -> None:
        self._resolver = resolver
        self._sockets = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(  # noqa: PLR0917 - httpcore's signature
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            addresses = await self._resolver.addresses(host, port)
        except HttpRefused as err:
            raise httpcore2.ConnectError(err.message) from err
        except TimeoutError as err:
            raise httpcore2.ConnectTimeout(f"the name {host} could not be resolved in time") from err
        except OSError as err:
            raise httpcore2.ConnectError(f"the name {host} could not be resolved") from err
        # Each address gets its share, or one that swallows packets would leave the others no time.
        share = min(timeout or CONNECT_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS) / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._sockets.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class _BoundedStream(httpx2.AsyncByteStream):
    """A body that ends with an error when it is too large; `max_bytes` None for a stream of events."""

    max_bytes: int | None = None

    def __init__(self, stream: httpx2.AsyncByteStream, request: httpx2.Request) -> None:
        self._stream = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        with _as_httpx_errors(self._request):
            async for chunk in self._stream:
                size += len(chunk)
                if self.max_bytes is not None and size > self.max_bytes:
                    raise httpx2.ReadError(f"the answer is larger than {self.max_bytes} bytes", request=self._request)
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _proxied_pool(proxy: str, tls: ssl.SSLContext) -> httpcore2.AsyncConnectionPool:
    url = URL(proxy)
    auth = None if url.user is None else (url.user, url.password or "")
    return httpcore2.AsyncConnectionPool(
        ssl_context=tls,
        proxy=httpcore2.Proxy(str(url.origin()), auth=auth),
        max_connections=None,
        keepalive_expiry=_KEEP_ALIVE_SECONDS,
    )


def _outgoing_headers(request: httpx2.Request, *, host: str) -> list[tuple[bytes, bytes]]:
    # httpx2 would inflate without bounds whatever comes compressed, so nothing may.
    ours = [(b"host", host.encode()), (b"accept-encoding", b"identity")]
    return ours + [(name, value) for name, value in request.headers.raw if name.lower() not in _REPLACED]


_REPLACED = frozenset({b"host", b"accept-encoding"})


async def _refuse_encoded(response: httpx2.Response, request: httpx2.Request) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        await response.aclose()
        raise httpx2.DecodingError("the answer is compressed although that was not asked for", request=request)


@contextmanager
def _as_httpx_errors(request: httpx2.Request) -> Generator[None]:
    try:
        yield
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.TimeoutException,
        httpcore2.UnsupportedProtocol,
    ) as err:
        # Both libraries give these failures the same names.
        same: type[httpx2.TransportError] = getattr(httpx2, type(err).__name__)
        raise same(f"{err}", request=request) from err
