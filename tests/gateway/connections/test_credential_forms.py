"""Claims about what a connection of each type has to bring."""

from typing import Any

import pytest

from gateway.connections.credential_forms import accept_values, find_method
from gateway.errors import ValidationFailed
from integrations.auth_methods import BasicAuth, Custom, OAuth2, SecretText

KEY = SecretText.model_validate({"key": "key", "type": "secret_text"})
BASIC = BasicAuth.model_validate({"key": "basic", "type": "basic"})
S3 = Custom.model_validate(
    {
        "key": "s3",
        "type": "custom",
        "fields": {
            "region": {"title": "Region", "enum": ["eu", "us"]},
            "secret": {"title": "Secret", "secret": True, "pattern": "[a-z]{4,}"},
            "bucket": {"title": "Bucket", "optional": True},
        },
    }
)
SIGN_IN = OAuth2.model_validate(
    {
        "key": "oauth2",
        "type": "oauth2",
        "authorize": {"url": "https://api.acme.example/authorize"},
        "token": {"url": "https://api.acme.example/token"},
        "inputs": {"site": {"title": "Site"}},
        "keep": {"instance": "/instance"},
    }
)


@pytest.mark.parametrize(
    ("method", "given", "kept"),
    [
        (KEY, {"secretText": "abc"}, {"secret_text": "abc"}),
        (BASIC, {"username": "ann", "password": ""}, {"username": "ann", "password": ""}),
        (S3, {"props": {"region": "eu", "secret": "abcd"}}, {"region": "eu", "secret": "abcd"}),
        (
            SIGN_IN,
            {"accessToken": "a", "refreshToken": "r", "data": {"site": "x", "instance": "i", "else": 1}},
            {"access_token": "a", "refresh_token": "r", "instance": "i", "site": "x"},
        ),
    ],
)
def test_the_fields_of_the_type_are_kept(method: Any, given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert accept_values(method, given) == kept


@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        (KEY, {}, "secretText"),
        (KEY, {"secretText": " "}, "secretText"),
        (KEY, {"secretText": "a\r\nb"}, "line break"),
        (KEY, {"secretText": "a", "accessToken": "b"}, "accessToken"),
        (SIGN_IN, {"accessToken": "a", "secretText": "b", "data": {"site": "x"}}, "secretText"),
        (SIGN_IN, {"accessToken": "a", "props": {}}, "props"),
        (SIGN_IN, {"accessToken": "a"}, "data.site"),
        (SIGN_IN, {"refreshToken": "a"}, "accessToken"),
        (BASIC, {"username": "ann"}, "password"),
        (S3, {"props": {"region": "mars", "secret": "abcd"}}, "props.region"),
        (S3, {"props": {"region": "eu", "secret": "canary-77"}}, "props.secret"),
        (S3, {"props": {"region": "eu", "secret": "canary-" * 300}}, "props.secret"),
        (S3, {"props": {"region": "eu", "secret": "abcd", "more": 1}}, "props.more"),
        (S3, {"props": []}, "props"),
    ],
)
def test_what_does_not_fit_is_named_and_no_secret_repeated(method: Any, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationFailed, match=told) as caught:
        accept_values(method, given)

    assert "canary" not in caught.value.message


def test_the_first_method_of_the_type_is_meant_unless_one_is_named() -> None:
    bot = SIGN_IN.model_copy(update={"key": "bot"})

    assert find_method([KEY, SIGN_IN, bot], connection_type="PLATFORM_OAUTH2", key=None) is SIGN_IN
    assert find_method([KEY, SIGN_IN, bot], connection_type="OAUTH2", key="bot") is bot
    for wanted_type, key in (("BASIC_AUTH", None), ("OAUTH2", "key"), ("OAUTH2", "nope")):
        with pytest.raises(ValidationFailed):
            find_method([KEY, SIGN_IN], connection_type=wanted_type, key=key)
