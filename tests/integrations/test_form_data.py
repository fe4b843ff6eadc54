from email import message_from_bytes
from email.message import Message

import pytest

from integrations.failures import InvalidInput
from integrations.form_data import FormFile, form_data


def parts_of(fields: list[tuple[str, str]], files: list[tuple[str, FormFile]]) -> list[Message]:
    body, headers = form_data(fields, files)
    whole = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    return [part for part in whole.walk() if not part.is_multipart()]


def test_a_form_holds_its_fields_and_then_its_files_byte_for_byte():
    content = bytes(range(256)) + b"\r\n--"
    text, file = parts_of([("title", "Zoë")], [("file", FormFile("a b.bin", "application/octet-stream", content))])
    assert text.get_payload(decode=True) == "Zoë".encode()
    assert file.get_payload(decode=True) == content
    assert (file.get_filename(), file.get_content_type()) == ("a b.bin", "application/octet-stream")


def test_a_name_may_come_several_times():
    files = [("file", FormFile(name, "text/plain", b"x")) for name in ("a", "b")]
    parts = parts_of([("label", "x"), ("label", "y")], files)
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["label", "label", "file", "file"]


def test_a_file_name_cannot_end_the_header_that_it_stands_in():
    (file,) = parts_of([], [("file", FormFile('a"; name="role\r\nX-Evil: 1', "text/plain", b"x"))])
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.get("X-Evil") is None


@pytest.mark.parametrize("media_type", ["text/plain\r\nX-Evil: 1", "text", "text/ plain", "text/plain;\x7f", "a/ö"])
def test_what_is_no_media_type_is_refused(media_type: str):
    with pytest.raises(InvalidInput, match="media type"):
        form_data([], [("file", FormFile("a", media_type, b"x"))])


def test_text_that_cannot_be_encoded_is_refused():
    with pytest.raises(InvalidInput, match="Unicode"):
        form_data([("a", "\ud800")], [])
