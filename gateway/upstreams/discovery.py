"""Who lets people into a protected MCP server: its own metadata, then its authorization server's (RFC 9728, RFC 8414).

All of it is said by strangers: addresses are fetched by the one guarded way out, names are compared as they stand
(MCP, Authorization Server Discovery; security R24, R27).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from gateway.kit import json
from gateway.kit.urls import NormalUrl, normal_url
from gateway.upstreams.challenges import Challenge, scopes_in
from gateway.upstreams.probing import NotUsable
from integrations.ports import Http, HttpError, HttpRefused, HttpRequest

_RESOURCE: Final = "oauth-protected-resource"
_SERVER: Final = "oauth-authorization-server"
_OPENID: Final = "openid-configuration"
_SECONDS: Final = 10.0
_MOST_BYTES: Final = 256 * 1024
_MOST_SERVERS: Final = 5
_LONGEST: Final = 2_000
_OFFLINE: Final = "offline_access"


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """What its metadata says, as far as a client needs it."""

    issuer: str
    authorize_url: str
    token_url: str
    registration_url: str | None
    revocation_url: str | None
    takes_documents: bool
    """Whether a client may show the address of its metadata document as its id."""
    names_issuer: bool
    """Whether it says `iss` in every answer (RFC 9207)."""
    client_auth: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Protection:
    """How people get into one MCP server."""

    resource: str
    """What tokens are to be for (RFC 8707), in the server's own words."""
    scopes: tuple[str, ...]
    """What to ask for; empty leaves it to the authorization server."""
    further_scopes: tuple[str, ...]
    """What else could be asked for."""
    server: AuthorizationServer


async def protection_of(http: Http, url: str, challenge: Challenge) -> Protection | None:
    """Find out how people get in; None where the server describes no OAuth. Raises `NotUsable` where it does so badly."""
    here = normal_url(url)
    document = await _resource_document(http, here, challenge)
    if document is None:
        # Servers from before RFC 9728 are their own authorization servers (MCP 2025-03-26).
        issuer, resource, supported = str(here.origin), str(here), ()
        server = await _server_of(http, issuer)
    else:
        resource = _resource_in(document, here)
        supported = scopes_in(_texts(document, "scopes_supported"))
        server = await _first_server(http, _texts(document, "authorization_servers"))
    if server is None:
        return None
    wanted = challenge.scopes or supported
    asked = (*wanted, _OFFLINE) if wanted and _OFFLINE in server.scopes else wanted
    return Protection(resource, scopes_in(asked), scopes_in((*supported, *server.scopes)), server)


async def _resource_document(http: Http, here: NormalUrl, challenge: Challenge) -> Mapping[str, Any] | None:
    if challenge.resource_metadata is not None:
        found = await _document(http, challenge.resource_metadata, "resource_metadata")
        if found is not None:
            return found
    for address in _well_known(here, _RESOURCE):
        found = await _document(http, address, _RESOURCE)
        if found is not None:
            return found
    return None


def _resource_in(document: Mapping[str, Any], here: NormalUrl) -> str:
    """Return what the document is about: this server, or a place above it at the same origin."""
    said = _text(document, "resource") or ""
    try:
        place = normal_url(said)
    except ValueError as error:
        raise NotUsable(f"the server's resource metadata names no `resource` that is an address: {error}") from error
    path, above = here.rest.partition("?")[0].rstrip("/"), place.rest.partition("?")[0].rstrip("/")
    is_about_it = place.origin == here.origin and (path == above or path.startswith(f"{above}/"))
    if not is_about_it or not _is_plain(said):
        raise NotUsable(
            f"the server's resource metadata is about {said[:200]!r}, not about {str(here)[:200]!r} (RFC 9728 3.3): give "
            "the address that it names, or have whoever runs the server correct `resource`"
        )
    return said


async def _first_server(http: Http, issuers: Iterable[str]) -> AuthorizationServer:
    failure: NotUsable | None = None
    for issuer in list(issuers)[:_MOST_SERVERS]:
        try:
            found = await _server_of(http, issuer)
        except NotUsable as error:
            failure = failure or error
            continue
        if found is not None:
            return found
        failure = failure or NotUsable(f"the authorization server {issuer[:200]!r} has no metadata (RFC 8414)")
    raise failure or NotUsable("the server's resource metadata names no `authorization_servers` (RFC 9728)")


async def _server_of(http: Http, issuer: str) -> AuthorizationServer | None:
    """Return what an authorization server says of itself. Raises `NotUsable`."""
    try:
        place = normal_url(issuer)
    except ValueError as error:
        raise NotUsable(f"the authorization server's name is no address: {error}") from error
    stranger: str | None = None
    for address in _server_addresses(place):
        document = await _document(http, address, "the authorization server's metadata")
        if document is None:
            continue
        said = _text(document, "issuer") or ""
        if _is_same_issuer(said, issuer):
            return _server_in(document, said)
        stranger = said
    if stranger is not None:
        raise NotUsable(
            f"the metadata of the authorization server {issuer[:200]!r} is that of {stranger[:200]!r} (RFC 8414 3.3): "
            "whoever runs it has to correct `issuer`"
        )
    return None


def _server_in(document: Mapping[str, Any], issuer: str) -> AuthorizationServer:
    name = issuer[:200]
    if "S256" not in _texts(document, "code_challenge_methods_supported"):
        raise NotUsable(
            f"the authorization server {name!r} does not say that it supports PKCE with S256 "
            "(code_challenge_methods_supported), without which MCP clients must not use it"
        )
    grants = _texts(document, "grant_types_supported")
    if grants and "authorization_code" not in grants:
        raise NotUsable(f"the authorization server {name!r} has no authorization code grant")
    authorize, token = (_endpoint(document, each) for each in ("authorization_endpoint", "token_endpoint"))
    if authorize is None or token is None:
        raise NotUsable(f"the metadata of the authorization server {name!r} lacks an authorization or token endpoint")
    return AuthorizationServer(
        issuer=issuer,
        authorize_url=authorize,
        token_url=token,
        registration_url=_endpoint(document, "registration_endpoint"),
        revocation_url=_endpoint(document, "revocation_endpoint"),
        takes_documents=document.get("client_id_metadata_document_supported") is True,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        # What is left out means this one (RFC 8414 2).
        client_auth=tuple(_texts(document, "token_endpoint_auth_methods_supported")) or ("client_secret_basic",),
        scopes=scopes_in(_texts(document, "scopes_supported")),
    )


def _endpoint(document: Mapping[str, Any], name: str) -> str | None:
    """Return an endpoint in normal form, which has no braces: a manifest would fill them in."""
    said = _text(document, name)
    if said is None:
        return None
    try:
        found = normal_url(said)
    except ValueError as error:
        raise NotUsable(f"the authorization server's {name} is no address: {error}") from error
    # Plain http only where its metadata came that way: then the settings allow it for this very place.
    if found.origin.scheme != "https" and found.origin != normal_url(_text(document, "issuer") or "").origin:
        raise NotUsable(f"the authorization server's {name} is not https")
    return str(found)


async def _document(http: Http, address: str, what: str) -> Mapping[str, Any] | None:
    """Return a JSON object; None where there is none. Raises `NotUsable` where nobody may ask for it."""
    request = HttpRequest(
        "GET",
        address,
        headers={"Accept": "application/json"},
        timeout_seconds=_SECONDS,
        max_response_bytes=_MOST_BYTES,
    )
    try:
        response = await http.send(request)
    except HttpRefused as error:
        raise NotUsable(f"{what}: {error.message}") from error
    except HttpError:
        return None
    if response.status != HTTPStatus.OK:
        return None
    try:
        parsed = json.parse(response.body)
    except json.JsonRefused:
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None


def _server_addresses(place: NormalUrl) -> Iterator[str]:
    """Yield where metadata may be, in the order of MCP: both kinds with the path put in, then OpenID's own way."""
    path = _path(place)
    yield f"{place.origin}/.well-known/{_SERVER}{path}"
    yield f"{place.origin}/.well-known/{_OPENID}{path}"
    if path:
        yield f"{place.origin}{path}/.well-known/{_OPENID}"


def _well_known(place: NormalUrl, kind: str) -> Iterator[str]:
    path = _path(place)
    if path:
        yield f"{place.origin}/.well-known/{kind}{path}"
    yield f"{place.origin}/.well-known/{kind}"


def _path(place: NormalUrl) -> str:
    return place.rest.partition("?")[0].rstrip("/")


def _is_same_issuer(said: str, asked: str) -> bool:
    """Compare as they stand, but for the slash that some write behind a host without a path (RFC 3986 6.2.3)."""
    if said == asked:
        return True
    is_bare = asked.count("/") == 2 + asked.endswith("/")
    return is_bare and said.removesuffix("/") == asked.removesuffix("/")


def _text(document: Mapping[str, Any], name: str) -> str | None:
    found = document.get(name)
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST else None


def _texts(document: Mapping[str, Any], name: str) -> list[str]:
    found = document.get(name)
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    return [each for each in listed if isinstance(each, str) and 0 < len(each) <= _LONGEST]


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not {" ", "{", "}", "#"} & set(text)
