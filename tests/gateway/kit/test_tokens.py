import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint

ALPHABET = string.ascii_letters + string.digits
KINDS = list(TokenKind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_minted_token_is_well_formed_as_its_kind_and_no_other(kind: TokenKind) -> None:
    plain = mint(kind).plain
    assert plain.startswith(kind)
    assert len(plain) == len(kind) + 32 + 6
    assert set(plain.removeprefix(kind)) <= set(ALPHABET)
    assert [other for other in KINDS if is_well_formed(plain, other)] == [kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_of_a_single_character_is_noticed_without_a_look_up(kind: TokenKind) -> None:
    plain = mint(kind).plain
    for position, character in enumerate(plain):
        for other in set(ALPHABET + "_-é ") - {character}:
            assert not is_well_formed(plain[:position] + other + plain[position + 1 :], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_of_another_length_is_noticed(kind: TokenKind) -> None:
    plain = mint(kind).plain
    for text in ("", kind, plain[:-1], plain + "0", plain + "\n", " " + plain, plain * 2):
        assert not is_well_formed(text, kind)


def test_a_right_checksum_does_not_excuse_a_wrong_alphabet() -> None:
    from gateway.kit.tokens import _checksum

    body = TokenKind.MCP + "-" * 32
    assert not is_well_formed(body + _checksum(body), TokenKind.MCP)


@given(st.text(st.characters(exclude_categories=())))
def test_garbage_is_refused_and_never_an_error(text: str) -> None:
    assert not is_well_formed(text, TokenKind.MCP)
    assert not is_well_formed(TokenKind.MCP + text, TokenKind.MCP)


def test_two_tokens_that_begin_alike_have_different_hashes() -> None:
    one = mint(TokenKind.MCP).plain
    other = one[:32] + "".join("a" if character != "a" else "b" for character in one[32:])
    assert one[:32] == other[:32]
    assert hash_token(one) != hash_token(other)


def test_the_hash_is_over_the_whole_token() -> None:
    minted = mint(TokenKind.API_KEY)
    assert minted.hash == hash_token(minted.plain) == hashlib.sha256(minted.plain.encode()).hexdigest()


def test_a_token_is_shown_by_a_prefix_that_gives_nothing_away() -> None:
    minted = mint(TokenKind.MCP_OAUTH)
    assert minted.plain.startswith(minted.prefix)
    assert len(minted.prefix) == 8
    assert minted.plain not in repr(minted)


def test_tokens_do_not_repeat_and_use_the_whole_alphabet() -> None:
    tokens = {mint(TokenKind.MCP).plain for _ in range(500)}
    assert len(tokens) == 500
    assert set("".join(token.removeprefix("mcp_") for token in tokens)) == set(ALPHABET)
