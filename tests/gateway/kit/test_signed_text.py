"""Claims about signed text."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.cipher import Cipher
from gateway.kit.signed_text import read_signed, write_signed

CIPHER = Cipher([b"k" * 32])


@given(st.binary(max_size=100))
def test_what_was_signed_is_read_and_good_in_a_url(payload: bytes) -> None:
    text = write_signed(CIPHER, "link", payload)

    assert read_signed(CIPHER, "link", text) == payload
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=100))
def test_garbage_is_none(text: str) -> None:
    assert read_signed(CIPHER, "link", text) is None


def test_another_purpose_another_key_or_another_byte_is_none() -> None:
    text = write_signed(CIPHER, "link", b"payload")
    altered = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] for at in range(len(text) - 1)]

    assert read_signed(CIPHER, "session", text) is None
    assert read_signed(Cipher([b"x" * 32]), "link", text) is None
    assert {read_signed(CIPHER, "link", each) for each in altered} == {None}
    assert read_signed(Cipher([b"x" * 32, b"k" * 32]), "link", text) == b"payload"


def test_there_is_one_spelling_only() -> None:
    text = write_signed(CIPHER, "link", b"payload!")
    last = {text[:-1] + each for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}
    others = {f"{text[:5]}!{text[5:]}", f"{text} ", f"{text}=", f"{text}====", text.replace("_", "/"), *last} - {text}

    assert {read_signed(CIPHER, "link", each) for each in others if each != text} == {None}
