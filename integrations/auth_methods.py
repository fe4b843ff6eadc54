"""The `auth` part of a manifest: how a person connects an account, and how requests carry the credential."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from integrations.notation import Many, Model, Name, Pointer, UrlTemplate, WebUrl
from integrations.requests import RequestTemplate


def _checked_key(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,63}", value):
        raise ValueError(f"{value!r} is not a key: a lower-case letter, then lower-case letters, digits, '_' and '-'")
    return value


def _checked_regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error
    return value


class ConnectionField(Model):
    """One thing that the person who connects has to enter. Its value is a `{name}` of the same name."""

    title: str
    """Label of the form field."""
    description: str | None = None
    """One sentence under the field: what it is, where to find it."""
    help_url: WebUrl | None = None
    """The provider's page that shows or makes the value."""
    example: str | None = None
    """Placeholder text."""
    pattern: Annotated[str, AfterValidator(_checked_regex)] | None = None
    """The whole value must match this regular expression (no look-around, no back-references)."""
    secret: bool = False
    """Shown as dots, never shown again."""
    enum: Many[str] = ()
    """The values to choose from; empty means free text."""
    default: str | None = None
    optional: bool = False
    suffix: str | None = None
    """Fixed text shown behind the field (".zendesk.com"); not part of the value."""


class Authorize(Model):
    """The provider's authorization page."""

    url: UrlTemplate
    params: Mapping[str, str] = {}
    """Further fixed query parameters (`access_type: offline`)."""
    scope_param: str = "scope"
    """The query parameter that carries the scopes."""
    scope_separator: str = " "
    pkce: Literal["S256", "plain", "off"] = "S256"


class TokenAnswer(Model):
    """Where the values stand in a token answer, as JSON Pointers. What leads nowhere is absent."""

    access_token: Pointer = "/access_token"  # noqa: S105 - where it stands, not what it is
    refresh_token: Pointer = "/refresh_token"  # noqa: S105 - where it stands, not what it is
    token_type: Pointer = "/token_type"  # noqa: S105 - where it stands, not what it is
    expires_in: Pointer = "/expires_in"
    scope: Pointer = "/scope"
    error: Pointer = "/error"
    """The provider's error code. An answer without an access token is a failure whatever its status."""
    error_description: Pointer = "/error_description"


class Token(TokenAnswer):
    """The token endpoint, with the pointers into its answer beside it."""

    url: UrlTemplate
    method: Literal["POST", "GET"] = "POST"
    auth: Literal["basic", "body", "none"] = "body"
    """How the client id and secret are sent: HTTP basic, among the parameters, or not at all."""
    body: Literal["form", "json"] = "form"
    params: Mapping[str, str] = {}
    """Further parameters; for `token_exchange` all of them, with `{field}` for what the person entered."""
    headers: Mapping[str, str] = {}
    lifetime_seconds: int | None = None
    """How long an access token lives where the answer does not say."""
    expires_unit: Literal["seconds", "milliseconds"] = "seconds"


class Refresh(Model):
    """What differs from `token` when an access token is renewed. Absent parts are those of `token`."""

    url: UrlTemplate | None = None
    params: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    answer: TokenAnswer | None = None
    """Where the values stand in the refresh answer, if elsewhere."""
    idle_days: Annotated[int, Field(ge=1)] | None = None
    """After how many days the provider ends a grant whose refresh token nobody has used; None where it is not known."""
    ended_hint: str | None = None
    """A sentence on why grants end at this provider, for whoever wonders why an account has to be connected again."""


class Revoke(Model):
    """How the provider is told that a connection has ended."""

    url: UrlTemplate
    """May hold `{client_id}`."""
    method: Literal["POST", "GET", "DELETE"] = "POST"
    auth: Literal["basic", "body", "bearer", "none"] = "body"
    """`bearer` sends the token itself in Authorization; the others speak of client id and secret."""
    body: Literal["form", "json", "query"] = "form"
    token: Literal["access_token", "refresh_token"] = "access_token"  # noqa: S105 - where it stands, not what it is
    """Which token is revoked, where the connection has it."""
    token_param: str | None = "token"  # noqa: S105 - where it stands, not what it is
    """Parameter that carries it; null where the address or the Authorization header says it all."""
    token_header: str | None = None
    """With `bearer`: the header that carries the token, bare, instead of Authorization (`X-Shopify-Access-Token`)."""
    account_wide: bool = False
    """One revocation ends all grants of this account for this app: not sent while another connection shares it."""


class Looked(Model):
    """A value that takes a request of its own: `{request: {get: users.identity}, value: /user/name}`."""

    request: RequestTemplate
    value: Pointer


class Account(Model):
    """Whose account was connected. Pointers lead into the answer to `request`, or else into the token answer."""

    request: RequestTemplate | None = None
    base_url: WebUrl | None = None
    """Where `request` goes, if not below `api.base_url`: some providers know people elsewhere than in the API."""
    id: Pointer | Looked
    """What never changes about the account."""
    label: Pointer | Looked
    """What a person recognises it by: an e-mail address, a login, a team's name."""


class Basic(Model):
    """HTTP basic authentication from two templates."""

    username: str
    password: str = ""


class Aws(Model):
    """A signature with an access key, from templates (Signature Version 4, AWS's and that of services like it)."""

    access_key_id: str
    secret_access_key: str
    region: str
    service: str
    """The service's own name in signatures, such as `s3`."""


class Send(Model):
    """How a request to the API carries the credential: templates over the connection's values."""

    headers: Mapping[str, str] = {}
    """`Authorization: "Bearer {access_token}"`."""
    query: Mapping[str, str] = {}
    """`api_key: "{secret_text}"`."""
    basic: Basic | None = None
    aws: Aws | None = None


class AuthMethod(Model):
    """What all auth methods share."""

    key: Annotated[str, AfterValidator(_checked_key)]
    """Name of the method on the wire (`authMethodKey`); unique in the manifest. The first method is the default."""
    title: str | None = None
    """What the person sees when there is a choice; the type's usual name if absent."""
    description: str | None = None
    help_url: WebUrl | None = None
    """Where the person gets a key, or the operator registers the OAuth app."""
    setup: Many[str] = ()
    """What to do at the provider before anybody can connect this way, step by step: register the app, or make the key.

    `{callback}` and `{scopes}` stand for what this deployment tells (`toolgate integrations setup`).
    """
    lasts: str | None = None
    """How long access lasts, in a sentence: life of tokens, what ends it."""
    inputs: Mapping[Name, ConnectionField] = {}
    """What each connection has to say besides its credential (a subdomain), usable as `{name}` in every address."""
    send: Send | None = None
    """How requests carry the credential; if absent, the type's usual way."""
    base_url: UrlTemplate | None = None
    """Replaces `api.base_url` for this method."""
    verify: RequestTemplate | None = None
    """A harmless request that succeeds only with a working credential; `account.request` serves if absent."""
    account: Account | None = None


class Client(Model):
    """What an authorization server knows us by, where it was told so when the integration was made."""

    id: str | None = None
    """Of a client without secret: the address of our metadata document."""
    app: str | None = None
    """The id of the tenant's OAuth app that was registered there; it holds client id and secret."""
    registration_url: WebUrl | None = None
    """Where another is registered when this one is no longer known (RFC 7591)."""
    token_auth: str | None = None
    """By which method it was to authenticate at the token endpoint, in the words of RFC 7591."""
    scopes: Many[str] = ()
    """What it may ask for."""
    expires_at: int | None = None
    """When its secret ends, in seconds since 1970."""


class KeepFromRequest(Model):
    """Values that only the API tells, once somebody has signed in: which of several sites a token is for, say."""

    request: RequestTemplate
    base_url: WebUrl | None = None
    """Where `request` goes, if not below `api.base_url`."""
    items: Pointer | None = None
    """Where a list stands in the answer, of which one element is meant; absent: the answer itself is meant."""
    where: Mapping[Pointer, str] = {}
    """What the element has: text, or a list with this text. Templates over `inputs`; without the input, no condition."""
    label: Pointer | None = None
    """What a person knows an element by, to be told when there are several."""
    values: Mapping[Name, Pointer] = Field(min_length=1)
    """What is kept of it (`cloud_id: /id`)."""


class OAuth2(AuthMethod):
    """Authorization code grant. Values: access_token, refresh_token, token_type, and what is kept."""

    type: Literal["oauth2"]
    issuer: Annotated[str, Field(min_length=1)] | None = None
    """The authorization server's own name for itself: `iss` in its answers has to be exactly this (RFC 9207)."""
    names_issuer: bool = False
    """An answer without `iss` is not from there."""
    client: Client | None = None
    """Which of the tenant's own registrations is used; absent where settings or requests say which."""
    authorize: Authorize
    token: Token
    refresh: Refresh = Refresh()
    revoke: Revoke | None = None
    scopes: Many[str] = ()
    """Asked for on every connection, besides those of the enabled actions."""
    scope_includes: Mapping[str, Many[str]] = {}
    """Granted scopes that count as others too: broader ones, and the names under which the provider grants them."""
    keep: Mapping[Name, Pointer] = {}
    """Further values of the token answer to keep with the credential (`instance_url: /instance_url`)."""
    keep_from_callback: Mapping[Name, str] = {}
    """Query parameters of the callback to keep (`realm_id: realmId`)."""
    keep_from_request: KeepFromRequest | None = None
    """What else is kept, and how it is found out."""


class SecretText(AuthMethod):
    """One secret: an API key or a personal token. Value: secret_text. Sent as a bearer token by default."""

    type: Literal["secret_text"]
    field: ConnectionField = ConnectionField(title="API key", secret=True)
    """How the form asks for it."""


class BasicAuth(AuthMethod):
    """User name and password (or what the provider calls them). Values: username, password."""

    type: Literal["basic"]
    username: ConnectionField = ConnectionField(title="User name")
    password: ConnectionField = ConnectionField(title="Password", secret=True)


class Custom(AuthMethod):
    """Any set of fields. Values: the fields. Needs `send`, unless every action is Python."""

    type: Literal["custom"]
    fields: Mapping[Name, ConnectionField] = Field(min_length=1)


class ClientCredentials(AuthMethod):
    """A client id and secret of the customer's own. Values: client_id, client_secret, then access_token."""

    type: Literal["client_credentials"]
    token: Token
    scopes: Many[str] = ()
    scope_separator: str = " "
    keep: Mapping[Name, Pointer] = {}

    @property
    def fields(self) -> Mapping[str, ConnectionField]:
        """What a person has to enter."""
        return _CLIENT_FIELDS


_CLIENT_FIELDS: Final[Mapping[str, ConnectionField]] = {
    "client_id": ConnectionField(title="Client ID"),
    "client_secret": ConnectionField(title="Client secret", secret=True),
}


class TokenExchange(AuthMethod):
    """Fields that buy a short-lived token with one request. Values: the fields, then access_token."""

    type: Literal["token_exchange"]
    fields: Mapping[Name, ConnectionField] = Field(min_length=1)
    token: Token
    keep: Mapping[Name, Pointer] = {}


AnyAuthMethod: TypeAlias = Annotated[
    OAuth2 | SecretText | BasicAuth | Custom | ClientCredentials | TokenExchange, Field(discriminator="type")
]
