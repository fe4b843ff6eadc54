import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.json import MAX_DEPTH, MAX_VALUES, JsonRefused, parse, refuse_bad_text

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES, st.booleans())
def test_what_is_fine_is_read_as_the_standard_library_reads_it(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert repr(parse(body)) == repr(json.loads(body)) == repr(value)


@given(st.binary(max_size=200) | st.text('{}[]",:\\u0d8e1-.tfn \x00', max_size=60).map(str.encode))
def test_what_is_accepted_is_read_alike_and_the_rest_is_refused_with_a_reason(body: bytes) -> None:
    outcome = outcome_of(body)
    if isinstance(outcome, JsonRefused):
        assert str(outcome)
        assert str(outcome).isprintable()
    else:
        assert repr(outcome) == repr(json.loads(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value (line 1, column 1)"),
        (b'{"a": 1,}', "line 1, column"),
        (b"{} {}", "Extra data"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' appears twice in one object"),
        (b'{"a": 1, "\\u0061": 2}', "the key 'a' appears twice in one object"),
        (b'{"\\ud800": 1, "\\ud800": 2}', r"the key '\ud800' appears twice"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'{"a": Infinity}', "Infinity is not JSON"),
        (b"1e999", "a number is too large"),
        (b"[-1e999]", "a number is too large"),
        (b"1" * 5000, "too many digits"),
        (b'"\\u0000"', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'["\\ud800"]', "a lone surrogate"),
        (b'{"\\udfff": 1}', "a lone surrogate"),
        (b'"\\ude00\\ud83d"', "a lone surrogate"),
        (b'"\xed\xa0\x80"', "not UTF-8 (byte 1)"),
        (b'"\xff"', "not UTF-8 (byte 1)"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'"a\nb"', "control character"),
        ("[1]".encode("utf-16"), "not UTF-8"),
    ],
)
def test_each_refusal_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(JsonRefused) as refused:
        parse(body)
    assert reason.lower() in str(refused.value).lower()


@pytest.mark.parametrize(
    "body", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 10_000, b'[{"":' * 5_000]
)
def test_ten_thousand_levels_are_refused(body: bytes) -> None:
    with pytest.raises(JsonRefused, match="nested deeper than 64 levels"):
        parse(body)


def test_as_many_values_are_read_as_memory_allows_and_no_more() -> None:
    assert len(parse(b"[" + b"1," * (MAX_VALUES - 1) + b"1]")) == MAX_VALUES
    with pytest.raises(JsonRefused, match="more than 600000 values"):
        parse(b"[" + b"1," * MAX_VALUES + b"1]")


@pytest.mark.parametrize("rest", [b"1", b'"', b'"\\', b'a"', b"]", b'"",', b'"\\a'])
def test_whatever_follows_seventy_brackets_is_read_in_linear_time(rest: bytes) -> None:
    body = b"[" + b"[]," * 70 + rest * 500_000
    started = time.process_time()
    with pytest.raises(JsonRefused):
        parse(body)
    assert time.process_time() - started < 5


def test_the_deepest_level_allowed_is_the_sixty_fourth() -> None:
    def nested(levels: int) -> bytes:
        return b"[" * levels + b"]" * levels

    parse(nested(MAX_DEPTH))
    with pytest.raises(JsonRefused):
        parse(nested(MAX_DEPTH + 1))


def test_brackets_in_strings_are_no_levels() -> None:
    value = {"a": "[" * 100, "b": '\\"{' * 100, "c": ['"[' * 50] * 100}
    assert parse(json.dumps(value).encode()) == value


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_a_value_from_elsewhere_is_held_to_the_same_text_rules() -> None:
    refuse_bad_text({"a": ["fine", 1, None, {"b": "ä\U0001f600"}]})
    for bad in ("\x00", ["a\x00"], {"\ud800": 1}, {"a": [{"b": "\udfff"}]}):
        with pytest.raises(JsonRefused):
            refuse_bad_text(bad)


@pytest.mark.parametrize(
    "body",
    [
        # Each of them takes minutes where the work grows with the square of the size.
        b"{" + b",".join(b'"%d":1' % number for number in range(60_000)) + b',"59999":1}',
        b"[" * 65 + b'"' + b'\\"' * 300_000,
        b'"' * 600_001 + b"[" * 65,
        b'["' + b"\\" * 600_000 + b"[" * 65,
        b"1" * 1_000_000,
    ],
)
def test_a_hostile_body_of_half_a_megabyte_is_refused_in_no_time(body: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(JsonRefused):
        parse(body)
    # A tenth of a second; the garbage collector of a process that has run thousands of tests takes its share.
    assert time.process_time() - begun < 10


def test_numbers_at_the_edge_of_a_double_are_kept() -> None:
    assert parse(b"[1.7976931348623157e308, 5e-324, 1e-999, -0.0]") == [1.7976931348623157e308, 5e-324, 0.0, 0.0]
    assert math.copysign(1, parse(b"-0.0")) == -1


def outcome_of(body: bytes) -> object:
    """Return the value of a body, or its refusal."""
    try:
        return parse(body)
    except JsonRefused as refused:
        return refused
