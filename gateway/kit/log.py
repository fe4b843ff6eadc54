"""Logging: one pipeline for our own lines and those of libraries; readable on a terminal, JSON elsewhere."""

import json
import logging
import sys
from contextlib import suppress
from typing import Literal, TextIO, TypeAlias, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from gateway.kit.redaction import redact_fields, redact_text

LogFormat: TypeAlias = Literal["auto", "text", "json"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry `name` as `logger_name`; events are lower-case phrases, values are fields."""
    return cast("FilteringBoundLogger", structlog.get_logger(logger_name=name))


def configure_logging(
    *, log_format: LogFormat = "auto", level: LogLevel = "info", stream: TextIO | None = None
) -> None:
    """Send everything that this process logs to `stream` (standard error), one line per event."""
    output = stream or sys.stderr
    is_text = log_format == "text" or (log_format == "auto" and output.isatty())
    last = [
        structlog.processors.format_exc_info,
        _redacted,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _text_renderer(output) if is_text else _as_json,
    ]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    _configure_own(threshold, last, _Sink(output))
    _configure_libraries(threshold, last, output)


class _Sink:
    """A stream whose failure (a closed pipe, a full disk) fails no request, as `logging` does it for libraries."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _configure_own(threshold: int, last: list[Processor], sink: _Sink) -> None:
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", sink)),
        cache_logger_on_first_use=False,
    )


def _configure_libraries(threshold: int, last: list[Processor], stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                _library_name,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # What libraries say below this is chatter, and their debug lines hold headers and bodies.
    root.setLevel(max(threshold, logging.WARNING))
    logging.captureWarnings(capture=True)


def _library_name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["logger_name"] = event["_record"].name
    return event


def _text_renderer(stream: TextIO) -> Processor:
    # The default formatter prints the local variables of every frame, and with them whatever secret is at hand.
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    traceback = event.pop("exception", None)
    fields = redact_fields(event)
    if isinstance(traceback, str):
        fields["exception"] = redact_text(traceback, may_have_lines=True)
    return fields


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    line = {**first, **event}
    try:
        encoded = orjson.dumps(line)
    except TypeError:
        # An integer of more than 64 bits.
        return json.dumps(line)
    # Beyond ASCII it is escaped, because nobody knows the encoding of the stream.
    return encoded.decode() if encoded.isascii() else json.dumps(line)
