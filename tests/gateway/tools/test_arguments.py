"""Claims about the check of arguments."""

from typing import Any

import pytest

from gateway.errors import ValidationFailed
from gateway.tools.arguments import Arguments
from integrations.catalog import Catalog

SEND = Catalog().get("kv-store").actions["put"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"value": 1}, '"key" is a required property'),
        ({"key": 5, "value": 1}, '/key: the value is not of type "string"'),
        ({"key": "a", "value": 1, "more": 2}, "'more' was unexpected"),
    ],
)
def test_what_does_not_fit_is_named_with_its_path_and_what_was_expected(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationFailed, match="the input does not fit") as caught:
        Arguments().check(SEND, arguments)

    assert told in caught.value.message


def test_a_secret_value_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValidationFailed) as caught:
        Arguments().check(SEND, {"key": ["canary-5f2c"], "value": 1})

    assert "canary-5f2c" not in caught.value.message + str(caught.value.details)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_no_database_takes_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        Arguments().check(SEND, {"key": "a", "value": {"deep": [text]}})
