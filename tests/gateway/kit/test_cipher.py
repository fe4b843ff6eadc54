import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.cipher import Cipher, SealBroken

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
ROW = ("connections", "row-1", "organization-1")


@given(plain=st.binary(max_size=2000), context=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_what_was_sealed_opens_in_its_context(plain: bytes, context: list[str]) -> None:
    cipher = Cipher([NEW])
    assert cipher.open(cipher.seal(plain, *context), *context) == plain


@pytest.mark.parametrize(
    "context",
    [
        ("connections", "row-2", "organization-1"),
        ("connections", "row-1", "organization-2"),
        ("mcp_tokens", "row-1", "organization-1"),
        ("connections", "row-1"),
        (*ROW, ""),
        ("connectionsrow-1", "", "organization-1"),
        ("connection", "srow-1", "organization-1"),
        (),
    ],
)
def test_a_credential_moved_to_another_row_does_not_open(context: tuple[str, ...]) -> None:
    cipher = Cipher([NEW])
    with pytest.raises(SealBroken):
        cipher.open(cipher.seal(b"secret", *ROW), *context)


def test_a_byte_altered_anywhere_is_noticed() -> None:
    cipher = Cipher([NEW, OLD])
    sealed = cipher.seal(b"a secret of some length", *ROW)
    for position in range(len(sealed)):
        for bit in range(8):
            altered = bytearray(sealed)
            altered[position] ^= 1 << bit
            with pytest.raises(SealBroken):
                cipher.open(bytes(altered), *ROW)


def test_a_seal_cut_or_lengthened_anywhere_is_noticed() -> None:
    cipher = Cipher([NEW])
    sealed = cipher.seal(b"secret", *ROW)
    for cut in range(len(sealed)):
        with pytest.raises(SealBroken):
            cipher.open(sealed[:cut], *ROW)
    with pytest.raises(SealBroken):
        cipher.open(sealed + b"\x00", *ROW)


def test_the_first_key_seals_and_every_key_of_the_ring_opens() -> None:
    old = Cipher([OLD]).seal(b"old", *ROW)
    ring = Cipher([NEW, OLD])
    new = ring.seal(b"new", *ROW)

    assert (ring.open(old, *ROW), ring.open(new, *ROW)) == (b"old", b"new")
    assert (ring.is_current(old), ring.is_current(new)) == (False, True)
    assert Cipher([NEW]).open(new, *ROW) == b"new"
    with pytest.raises(SealBroken, match="no key of the ring"):
        Cipher([NEW]).open(old, *ROW)
    with pytest.raises(SealBroken, match="no key of the ring"):
        Cipher([OLD]).open(new, *ROW)


def test_the_same_text_is_never_sealed_alike() -> None:
    cipher = Cipher([NEW])
    assert len({cipher.seal(b"secret", *ROW) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("keys", [[], [b""], [os.urandom(31)], [NEW, os.urandom(33)]])
def test_a_ring_of_no_or_bad_keys_is_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"ring is empty|32 bytes"):
        Cipher(keys)


def test_a_signature_counts_for_its_purpose_message_and_ring_only() -> None:
    old, ring = Cipher([OLD]), Cipher([NEW, OLD])
    signature = old.sign("session", b"message")

    assert len(signature) == 32
    assert ring.verify("session", b"message", signature)
    assert not ring.verify("setup-url", b"message", signature)
    assert not ring.verify("session", b"messages", signature)
    assert not Cipher([OTHER]).verify("session", b"message", signature)
    assert not old.verify("session", b"message", ring.sign("session", b"message"))


def test_a_signature_may_be_cut_to_sixteen_bytes_and_no_further() -> None:
    cipher = Cipher([NEW])
    signature = cipher.sign("session", b"message")
    for length in range(len(signature) + 1):
        assert cipher.verify("session", b"message", signature[:length]) == (length >= 16)
    assert not cipher.verify("session", b"message", signature + b"\x00")


def test_a_cipher_does_not_show_its_keys() -> None:
    shown = repr(Cipher([OLD])) + repr(vars(Cipher([OLD])).get("_ring"))
    assert repr(OLD)[2:10] not in shown
