import pytest

from integrations.action import Answer, Attachment
from integrations.answers import MAX_DEPTH, read, result_of
from integrations.manifest import Output
from integrations.ports import HttpResponse, Json
from integrations.testing import json_response


def answer(body: bytes, content_type: str | None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(HttpResponse(200, named | ({"content-type": content_type} if content_type else {}), body))


@pytest.mark.parametrize(
    ("pick", "shape", "expected"),
    [
        ("", {}, {"user": {"name": "Ann", "id": 1}, "tags": [{"n": "a"}, {"n": "b"}]}),
        ("/user", {}, {"name": "Ann", "id": 1}),
        ("/user", {"who": "/name", "gone": "/email"}, {"who": "Ann"}),
        ("/tags", {"label": "/n"}, [{"label": "a"}, {"label": "b"}]),
        ("/tags/1/n", {}, "b"),
        ("/nothing", {"a": "/b"}, None),
        ("", {"first": "/tags/0/n", "name": "/user/name"}, {"first": "a", "name": "Ann"}),
    ],
)
def test_the_manifest_picks_and_shapes_what_is_handed_on(pick: str, shape: dict[str, str], expected: Json):
    body = {"user": {"name": "Ann", "id": 1}, "tags": [{"n": "a"}, {"n": "b"}]}
    result = result_of(read(json_response(body)), Output(pick=pick, shape=shape), name="act")
    assert (result.output, result.attachments) == (expected, ())


@pytest.mark.parametrize(
    ("body", "content_type", "output"),
    [
        (b'{"a": 1}', "application/json; charset=utf-8", {"a": 1}),
        (b'{"a": 1}', "application/vnd.github+json", {"a": 1}),
        (b"[1]", "text/plain", [1]),
        (b'{"a": 1}', None, {"a": 1}),
        (b"[not json", "text/plain", "[not json"),
        ("Grüße".encode("latin-1"), "text/plain; charset=iso-8859-1", "Grüße"),
        (b"\xff", "text/plain; charset=nonsense", "\ufffd"),
        (b"<a/>", "application/xml", "<a/>"),
        (b"a: 1", "application/yaml", "a: 1"),
        (b"null", "application/json", None),
        (b"", "application/json", None),
    ],
)
def test_json_and_text_are_handed_on_as_such(body: bytes, content_type: str | None, output: Json):
    assert result_of(answer(body, content_type), Output(), name="act").output == output


def test_an_image_or_a_file_becomes_an_attachment():
    result = result_of(answer(b"\x89PNG", "image/png"), Output(), name="get_avatar")
    assert result.attachments == (Attachment("get_avatar", "image/png", b"\x89PNG"),)
    assert result.output == {"name": "get_avatar", "mime_type": "image/png", "size": 4}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("attachment; filename=report.pdf", "report.pdf"),
        ("attachment; filename=x.pdf; filename*=UTF-8''%C3%BCber.pdf", "über.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''..%2F..%5Cevil%00.exe", "evil.exe"),
        ("inline", "act"),
        ('attachment; filename="/"', "act"),
    ],
)
def test_a_file_is_called_by_the_last_part_of_the_name_it_was_given(disposition: str, name: str):
    result = result_of(answer(b"%PDF", "application/pdf", content_disposition=disposition), Output(), name="act")
    assert result.attachments[0].name == name


def test_no_content_is_no_output():
    assert result_of(read(HttpResponse(204, {}, b"")), Output(), name="act").output is None


@pytest.mark.parametrize(("depth", "is_read"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (5000, False)])
def test_json_is_read_to_a_bounded_depth(depth: int, is_read: bool):
    found = answer(b"[" * depth + b"]" * depth, "application/json")
    assert (found.json is not None) is is_read


@pytest.mark.parametrize("body", [b"NaN", b'{"a": Infinity}', b"{'a': 1}", b'{"a": "\\ud800"}'])
def test_what_only_looks_like_json_is_not_decoded(body: bytes):
    assert answer(body, "application/json").json is None


def test_a_wide_document_is_not_mistaken_for_a_deep_one():
    body = b"[" + b",".join([b"[]"] * 1000) + b"]"
    assert len(answer(body, "application/json").json) == 1000


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "undefined", "rot13", "no-such"])
def test_a_charset_that_nobody_should_decode_with_is_read_as_utf_8(charset: str):
    """punycode takes hours for what an answer may hold, utf-7 makes text that can't be sent on."""
    body = b"+2AA-" + b"b" * 1_000_000
    given = answer(body, f"text/plain; charset={charset}")
    assert result_of(given, Output(), name="act").output == body.decode()
