from email import message_from_bytes
from email.message import Message

import pytest

from integrations.builtin.form_data import FormFile, form_data
from integrations.failures import InvalidInput


def parts_of(fields: dict[str, str], files: dict[str, FormFile]) -> list[Message]:
    body, headers = form_data(fields, files)
    whole = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    return [part for part in whole.walk() if not part.is_multipart()]


def test_a_form_holds_its_fields_and_then_its_files_byte_for_byte():
    content = bytes(range(256)) + b"\r\n--"
    text, file = parts_of({"title": "Zoë"}, {"file": FormFile("a b.bin", "application/octet-stream", content)})
    assert text.get_payload(decode=True) == "Zoë".encode()
    assert file.get_payload(decode=True) == content
    assert (file.get_filename(), file.get_content_type()) == ("a b.bin", "application/octet-stream")


def test_a_file_name_cannot_end_the_header_that_it_stands_in():
    (file,) = parts_of({}, {"file": FormFile('a"; name="role\r\nX-Evil: 1', "text/plain", b"x")})
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.get("X-Evil") is None


def test_a_media_type_with_line_ends_is_refused():
    with pytest.raises(InvalidInput, match="media type"):
        form_data({}, {"file": FormFile("a", "text/plain\r\nX-Evil: 1", b"x")})
