import hashlib
import uuid

import jsonschema_rs
import pytest

from integrations.builtin.hash_encode import ALGORITHMS
from integrations.failures import InvalidInput
from tests.integrations.builtin.calling import CATALOG, BuiltIn

HASHING = BuiltIn("hash-encode")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_digest_is_that_of_the_utf8_bytes(algorithm: str):
    expected = hashlib.new(algorithm.replace("-", "_"), "Zoë".encode()).hexdigest()
    answer = await HASHING.run("hash", text="Zoë", algorithm=algorithm, encoding="hex")
    assert answer == {"hash": expected, "algorithm": algorithm, "encoding": "hex"}


def test_the_manifest_offers_exactly_the_algorithms_there_are():
    schema = CATALOG.get("hash-encode").actions["hash"].input_schema
    assert set(schema["properties"]["algorithm"]["enum"]) == set(ALGORITHMS)


@pytest.mark.parametrize(
    ("encoding", "digest"),
    [
        ("hex", "900150983cd24fb0d6963f7d28e17f72"),
        ("base64", "kAFQmDzST7DWlj99KOF/cg=="),
        ("base64url", "kAFQmDzST7DWlj99KOF_cg"),
    ],
)
async def test_a_digest_can_be_written_in_three_ways(encoding: str, digest: str):
    assert (await HASHING.run("hash", text="abc", algorithm="md5", encoding=encoding))["hash"] == digest


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("base64", "PGE+JsO8Pz8/"),
        ("base64url", "PGE-JsO8Pz8_"),
        ("hex", "3c613e26c3bc3f3f3f"),
        ("url", "%3Ca%3E%26%C3%BC%3F%3F%3F"),
        ("html", "&lt;a&gt;&amp;ü???"),
    ],
)
async def test_an_encoding_reads_back_what_it_wrote(encoding: str, encoded: str):
    assert (await HASHING.run("encode", text="<a>&ü???", encoding=encoding))["encoded"] == encoded
    assert (await HASHING.run("decode", encoded=encoded, encoding=encoding))["decoded"] == "<a>&ü???"


@pytest.mark.parametrize("encoded", ["aGk", "aGk=", "aG\nk=", "aGk=="])
async def test_base64_is_read_with_and_without_padding_and_line_breaks(encoded: str):
    assert (await HASHING.run("decode", encoded=encoded, encoding="base64"))["decoded"] == "hi"


@pytest.mark.parametrize(
    ("encoding", "encoded"), [("base64", "a"), ("base64", "%%%%"), ("hex", "xyz"), ("base64", "/w=="), ("url", "%ff")]
)
async def test_what_is_no_encoded_text_is_refused(encoding: str, encoded: str):
    with pytest.raises(InvalidInput) as caught:
        await HASHING.run("decode", encoded=encoded, encoding=encoding)
    assert caught.value.path == "/encoded"


async def test_uuids_are_random_and_as_many_as_asked_for():
    found = (await HASHING.run("generate_uuid", count=100.0))["uuids"]
    assert len(set(found)) == 100
    assert {uuid.UUID(each).version for each in found} == {4}
    assert len((await HASHING.run("generate_uuid"))["uuids"]) == 1


@pytest.mark.parametrize("count", [0, 101, 1.5])
async def test_a_number_of_uuids_out_of_range_is_refused(count: float):
    with pytest.raises(jsonschema_rs.ValidationError):
        await HASHING.run("generate_uuid", count=count)
