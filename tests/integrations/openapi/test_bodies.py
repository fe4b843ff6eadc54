"""What imported actions send, as a Starlette application reads it over HTTP."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from integrations.action import Ports
from integrations.failures import InvalidInput
from integrations.integration import Integration
from integrations.openapi.importing import as_manifest
from tests.integrations.openapi.descriptions import described, imported, input_schema
from tests.parts.asgi import serving_app

Json = Any
Sent = Callable[..., Coroutine[Any, Any, Json]]
PICTURE = bytes(range(256)) * 4 + b"\r\n--"
FILE = {"type": "string", "format": "binary"}


def base64(content: bytes) -> str:
    return b64encode(content).decode()


def posting(kind: str, schema: Json, *, required: bool = True, **media: Json) -> Json:
    body = {"required": required, "content": {kind: {"schema": schema, **media}}}
    return described({"/upload": {"post": {"operationId": "upload", "requestBody": body}}})


async def parsed(request: Request) -> JSONResponse:
    """Form fields and files in their order, or the body, and of what type it is said to be."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return JSONResponse({"type": kind, "body": base64(await request.body())})
    async with request.form() as form:
        return JSONResponse([[name, *await part(value)] for name, value in form.multi_items()])


async def part(value: UploadFile | str) -> list[Json]:
    if isinstance(value, str):
        return [value]
    return [value.filename, value.content_type, base64(await value.read())]


@pytest.fixture
async def sent() -> AsyncIterator[Sent]:
    """Runs the action `upload` of a document, and tells what the application read."""
    app = Starlette(routes=[Route("/upload", parsed, methods=["POST"])])
    async with (
        serving_app(app) as url,
        Egress(EgressPolicy(url_map={"https://api.acme.example/v1/": url})) as egress,
    ):

        async def run(document: Json, /, **arguments: Json) -> Json:
            action = Integration(as_manifest(imported(document).manifest)).actions["upload"]
            return (await action.run(arguments, None, Ports(http=egress))).output

        yield run


FORM = posting(
    "multipart/form-data",
    {
        "type": "object",
        "required": ["title", "photo"],
        "properties": {
            "title": {"type": "string"},
            "size": {"type": "integer"},
            "labels": {"type": "array", "items": {"type": "string"}},
            "meta": {"type": "object", "properties": {"album": {"type": "string"}}},
            "photo": FILE | {"description": "The photo"},
            "more": {"type": "array", "items": FILE},
        },
    },
)


async def test_a_form_arrives_with_its_fields_and_files(sent: Sent):
    assert await sent(
        FORM,
        title="Zoë",
        size=3,
        labels=["a", "b"],
        meta={"album": "x"},
        photo={"name": "me.png", "base64": base64(PICTURE)},
        more=[{"name": "notes.txt", "text": "Zoë"}, {"text": "x", "mime_type": "text/csv"}],
    ) == [
        ["title", "Zoë"],
        ["size", "3"],
        ["labels", "a"],
        ["labels", "b"],
        ["meta", '{"album":"x"}'],
        ["photo", "me.png", "image/png", base64(PICTURE)],
        ["more", "notes.txt", "text/plain", base64("Zoë".encode())],
        ["more", "file", "text/csv", base64(b"x")],
    ]


def test_a_file_is_an_input_that_says_how_to_hand_it_over():
    inputs = input_schema(FORM, "upload")
    assert inputs["photo"] == {"description": "The photo", "file": "one"}
    assert inputs["more"] == {"description": "The more.", "file": "many", "optional": True}
    schema = Integration(as_manifest(imported(FORM).manifest)).actions["upload"].input_schema["properties"]
    assert schema["photo"]["properties"].keys() == {"name", "mime_type", "text", "base64"}
    assert schema["photo"]["additionalProperties"] is False
    assert schema["more"]["items"]["additionalProperties"] is False


async def test_a_form_without_its_files_is_still_that_form(sent: Sent):
    optional = {"type": "object", "properties": {"title": {"type": "string"}, "photo": FILE}}
    assert await sent(posting("multipart/form-data", optional), title="x") == [["title", "x"]]
    texts = {"type": "object", "properties": {"title": {"type": "string"}}}
    assert await sent(posting("multipart/form-data", texts), title="x") == [["title", "x"]]


@pytest.mark.parametrize(
    ("schema", "media"),
    [
        ({"type": "string", "contentMediaType": "image/png"}, {}),
        ({"contentMediaType": "application/octet-stream"}, {}),
        ({}, {"encoding": {"photo": {"contentType": "image/png, image/jpeg"}}}),
        ({"nullable": True, **FILE}, {}),
    ],
)
def test_a_file_is_told_in_every_way_that_the_versions_have(schema: Json, media: Json):
    document = posting("multipart/form-data", {"type": "object", "properties": {"photo": schema}}, **media)
    assert input_schema(document, "upload")["photo"]["file"] == "one"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "byte"},
        {"type": "string", "contentMediaType": "application/json"},
        {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"},
        {"type": "object"},
    ],
)
def test_what_a_caller_writes_is_no_file(schema: Json):
    document = posting("multipart/form-data", {"type": "object", "properties": {"photo": schema}})
    assert "file" not in input_schema(document, "upload")["photo"]


@pytest.mark.parametrize(
    ("kind", "schema", "given", "received", "content"),
    [
        ("application/octet-stream", FILE, {"base64": base64(PICTURE)}, "application/octet-stream", PICTURE),
        ("image/png", FILE, {"name": "a.gif", "base64": base64(b"x")}, "image/png", b"x"),
        ("image/*", FILE, {"name": "a.gif", "base64": base64(b"x")}, "image/gif", b"x"),
        ("*/*", FILE, {"mime_type": "audio/mpeg", "base64": base64(b"x")}, "audio/mpeg", b"x"),
        ("text/plain", {"type": "string"}, "Zoë", "text/plain", "Zoë".encode()),
        ("application/xml", {"type": "object"}, "<a/>", "application/xml", b"<a/>"),
        ("text/csv", FILE, {"text": "a,b"}, "text/csv", b"a,b"),
    ],
)
async def test_a_body_that_is_no_form_arrives_as_it_is(
    sent: Sent, kind: str, schema: Json, given: Json, received: str, content: bytes
):
    assert await sent(posting(kind, schema), body=given) == {"type": received, "body": base64(content)}


async def test_a_body_that_may_be_absent_may_be_absent(sent: Sent):
    document = posting("application/octet-stream", FILE, required=False)
    assert (await sent(document))["body"] == ""


@pytest.mark.parametrize(
    "kind", ["multipart/mixed", "multipart/related; boundary=x", "image/{secret}", "nothing", "a/b\r\nX: 1"]
)
def test_a_body_of_an_odd_kind_is_left_out_with_its_reason(kind: str):
    document = posting(kind, FILE)
    document["paths"]["/ok"] = {"get": {"operationId": "fine"}}
    [(operation, reason)] = imported(document).left_out
    assert operation == "upload"
    assert reason.startswith("it sends ")


@pytest.mark.parametrize(
    ("kind", "received"),
    [
        ("application/json; charset=utf-8", "application/json"),
        ("application/vnd.api+json", "application/vnd.api+json"),
        ("application/{secret}+json", "application/json"),
    ],
)
async def test_json_is_called_what_the_document_calls_it(sent: Sent, kind: str, received: str):
    document = posting(kind, {"type": "object", "properties": {"a": {"type": "integer"}}})
    assert await sent(document, a=1) == {"type": received, "body": base64(b'{"a":1}')}


async def test_text_of_several_kinds_is_sent_as_the_first(sent: Sent):
    media = {"schema": {"type": "string"}}
    body = {"content": {"text/plain": media, "text/x-markdown": media}}
    document = described({"/upload": {"post": {"operationId": "upload", "requestBody": body}}})
    assert await sent(document, body="# Hi") == {"type": "text/plain", "body": base64(b"# Hi")}


def test_json_is_taken_where_there_is_a_choice():
    content = {
        kind: {"schema": {"type": "object", "properties": {"a": {}}}}
        for kind in ("multipart/form-data", "application/json")
    }
    document = described({"/x": {"post": {"operationId": "x", "requestBody": {"content": content}}}})
    assert "json" in imported(document).manifest["actions"][0]["request"]


@pytest.mark.parametrize(
    ("photo", "path"),
    [
        ({}, "/photo"),
        ({"text": "a", "base64": "YQ=="}, "/photo"),
        ({"base64": "not base64!"}, "/photo/base64"),
        ({"name": "a\r\nX-Evil: 1", "text": "a"}, "/photo/name"),
        ({"name": "a\x00", "text": "a"}, "/photo/name"),
        ({"name": "\ud800", "text": "a"}, "/photo/name"),
        ({"mime_type": "text/plain\r\nX-Evil: 1", "text": "a"}, "/photo/mime_type"),
        ({"text": "\ud800"}, "/photo/text"),
        ({"base64": "A" * (34 * 1024 * 1024)}, "/photo/base64"),
    ],
)
async def test_what_is_no_file_is_refused_before_anything_is_sent(sent: Sent, photo: Json, path: str):
    with pytest.raises(InvalidInput) as caught:
        await sent(FORM, title="x", photo=photo)
    assert caught.value.path == path


async def test_files_are_bounded_together(sent: Sent):
    large = {"text": "x" * (13 * 1024 * 1024)}
    with pytest.raises(InvalidInput, match="bytes together"):
        await sent(FORM, title="x", photo=large, more=[large])


async def test_a_file_name_stays_a_file_name(sent: Sent):
    [_, photo] = await sent(FORM, title="x", photo={"name": 'a"; name="title', "text": "evil"})
    assert photo[0] == "photo"
