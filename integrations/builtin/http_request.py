"""Any HTTP request, as the caller words it: the action of `http`.

Which addresses may be reached is the `Http` port's decision, on every single request; redirects are never followed.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from email.message import Message
from typing import Final, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

from integrations.action import ActionCall
from integrations.answers import json_of
from integrations.builtin.bare_http import send
from integrations.builtin.hash_encode import to_base64
from integrations.charsets import readable_charset
from integrations.failures import ActionFailed, InvalidInput
from integrations.notation import MISSING
from integrations.ports import HttpRequest, HttpResponse, Json

HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

REFUSED_HEADERS: Final = frozenset({
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
    "proxy-authenticate", "proxy-authorization", "proxy-connection", "accept-encoding",
})  # fmt: skip
"""They belong to the connection, not to the request (RFC 9110, 7.6.1), or could send it to another site."""


async def send_request(call: ActionCall) -> Json:
    """Status, headers and body of the answer, whatever the status, unless `failureMode` makes it a failure."""
    refuse_what_we_do_not_do(call.arguments)
    request = build_request(call.arguments)
    response = await send(call.http, request, pointer="/url")
    raise_if_failed(response, call.arguments["failureMode"])
    return render(response, as_base64=call.arguments["response_is_binary"])


def refuse_what_we_do_not_do(arguments: Mapping[str, Json]) -> None:
    """Raise InvalidInput on options that would change where the request goes."""
    if arguments.get("followRedirects"):
        raise InvalidInput(
            "redirects are not followed: leave followRedirects out, and send another request to the location header",
            path="/followRedirects",
        )
    if arguments.get("use_proxy"):
        raise InvalidInput("a proxy of the caller's cannot be used: leave use_proxy out", path="/use_proxy")


def build_request(arguments: Mapping[str, Json]) -> HttpRequest:
    """The request that `arguments` describe. Raises InvalidInput with the path of what is wrong."""
    headers = checked_headers(arguments.get("headers", {})) | authorization(arguments)
    body, content_type = encoded_body(arguments["body_type"], arguments.get("body", {}))
    if content_type and "content-type" not in headers:
        headers["content-type"] = content_type
    return HttpRequest(
        method=arguments["method"],
        url=checked_url(arguments["url"], arguments.get("queryParams", {})),
        headers=headers,
        body=body,
        timeout_seconds=float(arguments["timeout"]),
    )


def checked_url(url: str, query: Mapping[str, Json]) -> str:
    """`url` with `query` added. Raises InvalidInput unless it is http(s), without a user name in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InvalidInput(f"url is not an address: {error}", path="/url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("url must be an absolute address that starts with https:// or http://", path="/url")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("url must not hold a user name or password; use authType BASIC", path="/url")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise InvalidInput("url holds a space, a control character or a backslash; percent-encode it", path="/url")
    queries = filter(None, (parts.query, form_encoded(query)))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(queries), ""))


def checked_headers(headers: Mapping[str, Json]) -> dict[str, str]:
    """Lower-case names and their values. Raises InvalidInput on what is no header, or is not the caller's to set."""
    checked: dict[str, str] = {}
    for name, value in headers.items():
        pointer = f"/headers/{name}"
        if not HEADER_NAME.fullmatch(name):
            raise InvalidInput(f"{name[:60]!r} is not a header name", path="/headers")
        if name.lower() in REFUSED_HEADERS:
            raise InvalidInput(f"the header {name} is set by the gateway and cannot be given", path=pointer)
        if isinstance(value, list | dict) or not HEADER_VALUE.fullmatch(_text(value)):
            raise InvalidInput(
                f"the value of {name} must be one line of text without characters that no header can hold", path=pointer
            )
        checked[name.lower()] = _text(value)
    return checked


def authorization(arguments: Mapping[str, Json]) -> dict[str, str]:
    """The Authorization header of `authType` and `authFields`."""
    kind, fields = arguments["authType"], arguments.get("authFields", {})
    if kind == "NONE":
        return {}
    wanted = ("username", "password") if kind == "BASIC" else ("token",)
    for name in wanted:
        if not isinstance(fields.get(name), str):
            raise InvalidInput(f"authType {kind} needs authFields with {' and '.join(wanted)}", path="/authFields")
    if kind == "BASIC":
        pair = f"{fields['username']}:{fields['password']}".encode()
        return {"authorization": f"Basic {b64encode(pair).decode('ascii')}"}
    return checked_headers({"Authorization": f"Bearer {fields['token']}"})


def encoded_body(kind: str, body: Mapping[str, Json]) -> tuple[bytes | None, str | None]:
    """The bytes of the body and their media type; `body.data` holds what is sent."""
    if kind == "none":
        return None, None
    if "data" not in body:
        raise InvalidInput(f'body_type {kind} needs a body such as {{"data": …}}', path="/body")
    content = body["data"]
    if kind == "json":
        return _json_text(content).encode(), "application/json"
    if kind == "form_data" and isinstance(content, Mapping):
        return form_encoded(cast("Mapping[str, Json]", content)).encode(), "application/x-www-form-urlencoded"
    if kind == "raw" and isinstance(content, str):
        return content.encode(), "text/plain; charset=utf-8"
    wanted = "an object of fields" if kind == "form_data" else "text"
    raise InvalidInput(f"body.data must be {wanted} for body_type {kind}", path="/body/data")


def form_encoded(fields: Mapping[str, Json]) -> str:
    """`fields` as name=value pairs; a list repeats its name."""
    pairs = [(name, each) for name, value in fields.items() for each in _each(value)]
    return urlencode([(name, _text(value)) for name, value in pairs])


def render(response: HttpResponse, *, as_base64: bool) -> dict[str, Json]:
    """The answer for the caller; `bodyEncoding` says how to read `body`: json, text or base64."""
    body, encoding = (to_base64(response.body), "base64") if as_base64 else readable_body(response)
    return {"status": response.status, "headers": dict(response.headers), "body": body, "bodyEncoding": encoding}


def readable_body(response: HttpResponse) -> tuple[Json, str]:
    """The body as JSON where it is, else as text where it is, else as base64."""
    described = Message()
    described["content-type"] = response.headers.get("content-type", "application/octet-stream")
    media_type = described.get_content_type()
    if media_type == "application/json" or media_type.endswith("+json"):
        document = json_of(response.body)
        if document is not MISSING:
            return document, "json"
    charset = readable_charset(described.get_content_charset("utf-8"))
    try:
        return (response.body.decode(charset), "text") if charset else (to_base64(response.body), "base64")
    except UnicodeDecodeError:
        return to_base64(response.body), "base64"


def raise_if_failed(response: HttpResponse, mode: str) -> None:
    """Raise ActionFailed for a 4xx or 5xx that `mode` calls a failure. Nothing is ever sent twice."""
    if response.status < 400 or mode == "continue_all" or (mode == "continue_4xx" and response.status < 500):
        return
    body, encoding = readable_body(response)
    shown = body if encoding == "text" else _json_text(body)
    raise ActionFailed(f"the server answered with status {response.status}: {shown[:500]}", status=response.status)


def _each(value: Json) -> list[Json]:
    return cast("list[Json]", value) if isinstance(value, list) else [value]


def _text(value: Json) -> str:
    """Text as it is; everything else as JSON writes it (true, 5, null as nothing)."""
    if isinstance(value, str):
        return value
    return "" if value is None else _json_text(value)


def _json_text(value: Json) -> str:
    # Not orjson: JSON's whole numbers have no end at 64 bits.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
