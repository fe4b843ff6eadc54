"""A stand-in for any provider: keeps what it is asked in a form that can be compared, and answers what it is told."""

import json
import re
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import Message, MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, unquote, urlsplit

Json = Any
_MULTIPART = "multipart/"
_OWN_CREDENTIALS: Final = ("x-api-token", "x-shopify-access-token")
"""Headers in which providers take a credential instead of Authorization."""
_TELLING: Final = ("from", "prefer", "x-amz-acl", "x-amz-copy-source")
"""Headers that say what shall be done."""
_TELLING_AS_JSON: Final = ("dropbox-api-arg",)
"""Those that say it in JSON, where the order of the members says nothing."""


@dataclass(frozen=True)
class Asked:
    """One request, without what may differ between two clients that mean the same: spelling, order, agent names."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: Json
    authorization: str
    headers: tuple[tuple[str, str], ...] = ()

    def without(self, names: Sequence[str]) -> "Asked":
        """The same request, less the query parameters and body members of these names."""
        query = tuple(pair for pair in self.query if pair[0] not in names)
        body = self.body
        if isinstance(body, Mapping):
            body = {name: value for name, value in body.items() if name not in names} or None
        elif isinstance(body, list) and all(isinstance(pair, tuple) for pair in body):
            body = [pair for pair in body if pair[0] not in names] or None
        return replace(self, query=query, body=body)


class Recorder:
    """What was asked since `expect` was called last, and where to ask."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._asked: list[Asked] = []
        self._answers: list[Json] = []
        self._lock = threading.Lock()

    def expect(self, answers: Sequence[Json]) -> None:
        """Forget what was asked; answer with these, each once, the last one from then on."""
        with self._lock:
            self._asked, self._answers = [], list(answers)

    def asked(self) -> list[Asked]:
        """Everything since then."""
        with self._lock:
            return list(self._asked)

    def take(self, asked: Asked) -> Json:
        """Keep a request; return its answer."""
        with self._lock:
            self._asked.append(asked)
            return self._answers[min(len(self._asked), len(self._answers)) - 1]


@contextmanager
def recording() -> Generator[Recorder]:
    """Listen on loopback, over HTTP/1.1, from a thread: the official clients block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
    _Handler.recorders[server.server_port] = recorder
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.recorders[server.server_port]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorders: ClassVar[dict[int, Recorder]] = {}

    def _answer(self) -> None:
        recorder = self.recorders[self.server.server_address[1]]  # type: ignore[index]
        body = self._body()
        split = urlsplit(self.path)
        answer = recorder.take(
            Asked(
                method=self.command,
                path=tuple(unquote(segment) for segment in split.path.split("/")),
                query=tuple(sorted(parse_qsl(split.query, keep_blank_values=True))),
                body=_meaning(self.headers.get("content-type", ""), body),
                authorization=_credential(self.headers),
                headers=_told(self.headers),
            )
        )
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/xml" if isinstance(answer, bytes) else "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


def _credential(headers: Message) -> str:
    """What says who asks. The scheme of Authorization has no case (RFC 9110 section 11.1).

    Of a signature of AWS's only whose it is for what: the rest depends on the second (checked by
    tests/integrations/test_aws_signing.py).
    """
    scheme, space, value = headers.get("authorization", "").partition(" ")
    if scheme == "AWS4-HMAC-SHA256":
        value = re.sub(r"Credential=(\w+)/\d{8}/([^,]+),.*", r"\1 \2", value)
    named = [f"{name}: {headers[name]}" for name in _OWN_CREDENTIALS if name in headers]
    return "; ".join([(scheme.title() if space else scheme) + space + value, *named])


def _told(headers: Message) -> tuple[tuple[str, str], ...]:
    """What headers say of what shall be done."""
    plain = [(name, headers[name]) for name in _TELLING if name in headers]
    read = [(name, json.loads(headers[name])) for name in _TELLING_AS_JSON if name in headers]
    return (*plain, *((name, json.dumps(value, sort_keys=True)) for name, value in read))


def _meaning(content_type: str, body: bytes) -> Json:
    """The body as a value; a form is a sorted list of pairs, no body is None, parts are those of RFC 2046 in order."""
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return json.loads(body) or None
    if kind == "application/x-www-form-urlencoded":
        return sorted(parse_qsl(body.decode(), keep_blank_values=True)) or None
    if kind.startswith(_MULTIPART):
        whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        return [_part(part) for part in whole.iter_parts()]
    return body


def _part(part: MIMEPart) -> Json:
    """What a part is and holds: its boundary and the order of its headers say nothing."""
    described = {name: part.get_param(name, None, "content-disposition") for name in ("name", "filename")}
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    # Without a type of its own, a part is plain text (RFC 2046 5.1), which is what this says then.
    return described | {"type": part.get_content_type(), "content": _meaning(part.get_content_type(), content)}
