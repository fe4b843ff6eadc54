import io
import json
import logging
from time import perf_counter
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.log import configure_logging, get_logger
from gateway.kit.redaction import redact, redact_text
from gateway.kit.tokens import TokenKind, mint

CANARY = "c4n4ryc4n4ryc4n4ry"


def lines_of(log_output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_output.getvalue().splitlines()]


def test_a_line_is_json_where_there_is_no_terminal(log_output: io.StringIO) -> None:
    get_logger("gateway.test").info("server started", port=8080)
    (line,) = lines_of(log_output)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "info", "event": "server started", "logger_name": "gateway.test", "port": 8080}


def test_lines_of_libraries_come_through_the_same_pipeline(log_output: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        logging.getLogger("uvicorn.error").warning("Exceeded concurrency limit of %d", 7)
        logging.getLogger("sqlalchemy.engine").warning("Authorization: Bearer %s", CANARY)
    limited, warned = lines_of(log_output)
    assert (limited["event"], limited["logger_name"]) == ("Exceeded concurrency limit of 7", "uvicorn.error")
    assert limited["request_id"] == warned["request_id"] == "r-1"
    assert CANARY not in log_output.getvalue()


def test_libraries_never_log_below_warnings_where_headers_are(log_output: io.StringIO) -> None:
    configure_logging(stream=log_output, level="debug")
    get_logger("gateway.test").debug("ours")
    for name in ("httpx2", "httpcore2", "hpack", "aiohttp.client", "mcp", "sqlalchemy.engine", "uvicorn.error"):
        logging.getLogger(name).info("headers: %s", CANARY)
    assert [line["event"] for line in lines_of(log_output)] == ["ours"]


def test_a_level_hides_what_lies_below_it(log_output: io.StringIO) -> None:
    configure_logging(stream=log_output, level="warning")
    get_logger("gateway.test").info("hidden")
    logging.getLogger("uvicorn.error").info("hidden")
    get_logger("gateway.test").warning("shown")
    assert [line["event"] for line in lines_of(log_output)] == ["shown"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_holds_no_local_variables_and_no_secret_of_its_message(
    log_output: io.StringIO, log_format: Any
) -> None:
    configure_logging(stream=log_output, log_format=log_format)
    local_variable = "".join(reversed(CANARY))
    try:
        raise ValueError(f"refused: access_token={CANARY} at https://me:{CANARY}@example.com/?code={CANARY}")  # noqa: TRY301 -- the message is the subject
    except ValueError:
        get_logger("gateway.test").exception("call failed")
        logging.getLogger("aiohttp.server").exception("call failed")
    written = log_output.getvalue()
    assert written.count("Traceback (most recent call last)") == 2
    assert "ValueError: refused: access_token=[redacted]" in written
    assert CANARY not in written
    assert local_variable not in written


@pytest.mark.parametrize(
    "text",
    [
        *(mint(kind).plain for kind in TokenKind),
        f"cst_{CANARY}",
        f"eut_{CANARY}",
        f"mcpr_{CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"bearer  {CANARY}",
        f"Basic {CANARY}==",
        f"POST /oauth/token?code={CANARY}&state={CANARY} 200",
        f"/connect/l/{CANARY}",
        f"/connect?token=cst_{CANARY}",
        f"postgresql+asyncpg://toolgate:{CANARY}@db/x",
        f"{{'refresh_token': '{CANARY}'}}",
        f'{{"client_secret":"{CANARY}"}}',
        f"password={CANARY}",
        f"X-Api-Key: {CANARY}",
        f"xoxb-{CANARY}",
        f"ghp_{CANARY}",
        f"ya29.{CANARY}",
        f"eyJhbGciOiJub25lIn0.eyJzdWIi{CANARY}.{CANARY}",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    masked = redact_text(f"before {text} after")
    assert "[redacted]" in masked
    assert CANARY not in masked
    assert text not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@pytest.mark.parametrize(
    "text",
    [
        "tools/list of srv_0b1e5e58-0000-4000-8000-000000000000 took 3 ms",
        "mcp_endpoint started on http://127.0.0.1:8080/mcp",
        "no token was given",
        "GET /api/v1/workspaces?limit=50&offset=100",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert redact_text(text) == text


def test_fields_are_masked_by_name_at_any_depth_and_counts_are_not() -> None:
    fields = {"connection": [{"access_token": CANARY, "apiKey": CANARY}], "Set-Cookie": CANARY, "token_count": 3}
    assert redact(fields) == {
        "connection": [{"access_token": "[redacted]", "apiKey": "[redacted]"}],
        "Set-Cookie": "[redacted]",
        "token_count": 3,
    }


def test_bytes_are_counted_and_objects_shown_by_their_repr() -> None:
    assert redact([CANARY.encode(), ValueError(f"token={CANARY}")]) == [
        "<18 bytes>",
        "ValueError('token=[redacted]')",
    ]


def test_a_value_cannot_forge_a_line_or_move_the_cursor(log_output: io.StringIO) -> None:
    configure_logging(stream=log_output, log_format="text")
    get_logger("gateway.test").info("request\n2026 [info] forged", path="/a\x1b[2J\r\nforged\u202e")
    assert len(log_output.getvalue().splitlines()) == 1
    assert "\x1b" not in log_output.getvalue()


@given(
    st.recursive(
        st.none() | st.floats() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_can_be_logged(value: Any) -> None:
    json.dumps(redact(value))


def test_a_closed_stream_fails_nobody(log_output: io.StringIO) -> None:
    configure_logging(stream=log_output)
    output_of_a_closed_terminal = io.StringIO()
    configure_logging(stream=output_of_a_closed_terminal)
    output_of_a_closed_terminal.close()
    get_logger("gateway.test").error("nobody hears this")


def test_a_hostile_text_takes_time_that_grows_with_its_length() -> None:
    """Ten thousand colons behind `://` took most of a second, in which nobody else was served."""
    began = perf_counter()
    redact_text("://" + ":" * 19_000)
    assert perf_counter() - began < 0.2
