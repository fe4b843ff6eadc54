import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.egress_decoding import body_decoder
from integrations.ports import HttpBroken, HttpTooLarge


def decode(encoding: str, body: bytes, *, max_bytes: int = 1_000_000, step: int = 65_536) -> bytes:
    decoder = body_decoder(encoding, max_bytes=max_bytes, host="api.example")
    for start in range(0, len(body), step):
        decoder.feed(body[start : start + step])
    return decoder.finish()


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@given(body=st.binary(max_size=5_000), step=st.integers(1, 6_000))
def test_every_encoding_gives_back_what_was_sent(body: bytes, step: int) -> None:
    for encoding, encoded in {
        "": body,
        "identity": body,
        "gzip": gzip.compress(body),
        "GZIP": gzip.compress(body),
        "deflate": zlib.compress(body),
    }.items():
        assert decode(encoding, encoded, step=step) == body
    assert decode("deflate", raw_deflate(body), step=step) == body


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_no_body_at_all_is_an_empty_body(encoding: str) -> None:
    assert decode(encoding, b"") == b""


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_the_limit_is_exact_in_every_encoding(size: int) -> None:
    body = bytes(range(250)) * 5
    body = body[:size]
    for encoding, encoded in (("", body), ("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        if size > 1000:
            with pytest.raises(HttpTooLarge):
                decode(encoding, encoded, max_bytes=1000)
        else:
            assert decode(encoding, encoded, max_bytes=1000) == body


def test_a_bomb_ends_by_size_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    with pytest.raises(HttpTooLarge):
        decode("gzip", bomb, max_bytes=1_000_000)


def test_a_bomb_within_the_size_ends_by_ratio() -> None:
    with pytest.raises(HttpTooLarge, match="100 times"):
        decode("gzip", gzip.compress(b"0" * 900_000))


def test_a_small_table_of_zeros_is_no_bomb() -> None:
    assert len(decode("gzip", gzip.compress(b"0" * 60_000))) == 60_000


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"a" * 100)[:-4], gzip.compress(b"a") * 2, gzip.compress(b"a") + b"x"]
)
def test_a_body_that_is_cut_or_has_more_behind_it_is_broken(body: bytes) -> None:
    with pytest.raises(HttpBroken):
        decode("gzip", body)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x"])
def test_an_encoding_nobody_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(HttpBroken):
        decode(encoding, b"x")
