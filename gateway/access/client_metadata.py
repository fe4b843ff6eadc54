"""What OAuth clients say of themselves: in a registration (RFC 7591 2) or in a metadata document of their own."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.access.oauth_errors import OAuthError
from gateway.access.redirect_uris import MAX_COUNT, accept_redirect_uri
from gateway.kit.urls import normal_url

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_MAX_NAME: Final = 100

GrantType = Literal[
    "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"
]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
_Text = Annotated[str, Field(max_length=2_048)]


class ClientMetadata(BaseModel):
    """A client's own words, checked in form; what is not known here is passed over (RFC 7591 2)."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    redirect_uris: list[str] = Field(default_factory=list[str], max_length=MAX_COUNT)
    client_name: _Text | None = None
    token_endpoint_auth_method: AuthMethod | None = None
    grant_types: list[GrantType] = Field(
        default_factory=lambda: list[GrantType](("authorization_code", "refresh_token")), min_length=1, max_length=10
    )
    response_types: list[Literal["code"]] = Field(default_factory=lambda: list[Literal["code"]](("code",)))
    jwks: dict[str, Any] | None = None
    jwks_uri: _Text | None = None
    client_uri: _Text | None = None
    scope: _Text | None = None
    """Told back and not held to: which scopes are given is decided at consent, so that asking for more later works."""
    software_id: _Text | None = None
    software_version: _Text | None = None
    application_type: Literal["web", "native"] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise ValueError("redirect_uris: give at least one")
        if self.token_endpoint_auth_method == "private_key_jwt" and not (self.jwks or self.jwks_uri):  # noqa: S105 - the method's name
            raise ValueError("jwks or jwks_uri: private_key_jwt needs the client's public keys")
        return self

    @property
    def auth_method(self) -> AuthMethod:
        """How the client authenticates; where it does not say, by a secret in the header (RFC 7591 2)."""
        return self.token_endpoint_auth_method or "client_secret_basic"

    @property
    def display_name(self) -> str:
        """What people are shown of the name: one line, bounded, nothing that turns text around."""
        words = " ".join("".join(each if each.isprintable() else " " for each in self.client_name or "").split())
        return words[:_MAX_NAME] or "An unnamed program"

    @property
    def details(self) -> dict[str, str]:
        """What else it says of itself, unverified."""
        names = ("client_uri", "software_id", "software_version", "application_type", "scope")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def read_metadata(document: Any) -> ClientMetadata:
    """Return what a JSON document says of a client. Raises `OAuthError` (RFC 7591 3.2.2)."""
    try:
        metadata = ClientMetadata.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        code = "invalid_redirect_uri" if "redirect_uris" in (where or said) else "invalid_client_metadata"
        raise OAuthError(code, f"{where}: {said}" if where else said) from None
    _accept_redirects(metadata.redirect_uris)
    if metadata.jwks_uri is not None:
        _accept_https(metadata.jwks_uri, "jwks_uri")
    return metadata


def _accept_redirects(uris: Sequence[str]) -> None:
    for place, uri in enumerate(uris):
        try:
            accept_redirect_uri(uri)
        except ValueError as error:
            raise OAuthError("invalid_redirect_uri", f"redirect_uris.{place}: {error}") from error


def _accept_https(address: str, where: str) -> None:
    try:
        is_https = normal_url(address).origin.scheme == "https"
    except ValueError as error:
        raise OAuthError("invalid_client_metadata", f"{where}: {error}") from error
    if not is_https:
        raise OAuthError("invalid_client_metadata", f"{where}: has to be https")
