"""A document's security schemes as ways to connect an account."""

from collections.abc import Iterable, Mapping
from typing import Final

from integrations.checking_actions import OUR_HEADERS
from integrations.openapi.document import Document, mapping, sequence
from integrations.openapi.texts import NOT_IN_ADDRESSES, identifier, plain
from integrations.outgoing import HEADER_NAME
from integrations.ports import Json

_NOT_FOR_KEYS: Final = OUR_HEADERS - {"authorization", "cookie"}


def requirements(document: Document, declared: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Return the alternatives of an operation, each scheme → scopes; empty: it needs nothing."""
    given = declared.get("security", document.root.get("security"))
    found = [mapping(each) for each in sequence(given)]
    return [] if {} in found else found


def auth_methods(document: Document, used: Iterable[Mapping[str, Json]]) -> tuple[list[dict[str, Json]], list[str]]:
    """Return the auth methods that the alternatives in use need, and a line for each that can't be one."""
    methods: dict[str, dict[str, Json]] = {}
    lines: dict[str, None] = {}
    for alternative in used:
        key = key_of(alternative)
        if key in methods:
            continue
        method = _method(document, alternative)
        if isinstance(method, str):
            lines[method] = None
        else:
            methods[key] = {"key": key, **method}
    return list(methods.values()), list(lines)


def key_of(alternative: Mapping[str, Json]) -> str:
    """Return the key of the auth method that meets all schemes of an alternative."""
    return identifier("_and_".join(alternative), fallback="auth").lower()[:64]


def scopes_of(alternative: Mapping[str, Json]) -> list[str]:
    """Return the scopes that an alternative asks for."""
    return [scope for scopes in alternative.values() for scope in sequence(scopes) if isinstance(scope, str)]


def _method(document: Document, alternative: Mapping[str, Json]) -> dict[str, Json] | str:
    schemes = mapping(mapping(document.root.get("components")).get("securitySchemes"))
    named = {name: document.resolved(schemes.get(name))[0] for name in alternative}
    if len(named) == 1:
        [(name, scheme)] = named.items()
        return _single(name, scheme)
    return _several(named)


def _single(name: str, scheme: Mapping[str, Json]) -> dict[str, Json] | str:
    described = {"description": plain(scheme["description"], 300)} if isinstance(scheme.get("description"), str) else {}
    match scheme.get("type"), str(scheme.get("scheme", "")).lower():
        case "http", "bearer":
            return {"type": "secret_text", **described, "field": {"title": "Token", "secret": True}}
        case "http", "basic":
            return {"type": "basic", **described}
        case "apiKey", _:
            sent = _sent(name, scheme, "{secret_text}")
            return sent if isinstance(sent, str) else {"type": "secret_text", **described, "send": sent}
        case "oauth2", _ if "flows" not in scheme:
            return f"{name}: it has no flows"
        case "oauth2", _:
            method = _oauth2(name, scheme)
            # Braces would be filled with values of the account, or with the secret of the OAuth app.
            if any(NOT_IN_ADDRESSES.search(each) for each in _addresses(method)):
                return f"{name}: its addresses hold braces or control characters; give `auth` yourself"
            return method | described
        case kind, _:
            return f"{name}: security scheme {kind!r} can't be connected; give `auth` yourself"


def _oauth2(name: str, scheme: Mapping[str, Json]) -> dict[str, Json]:
    flows = mapping(scheme.get("flows"))
    code, client = mapping(flows.get("authorizationCode")), mapping(flows.get("clientCredentials"))
    if code:
        method = {
            "type": "oauth2",
            "authorize": {"url": code.get("authorizationUrl")},
            "token": {"url": code.get("tokenUrl")},
        }
        return method | ({"refresh": {"url": code["refreshUrl"]}} if code.get("refreshUrl") else {})
    if client:
        return {"type": "client_credentials", "token": {"url": client.get("tokenUrl")}}
    title = f"{plain(name, 80)}: access token"
    return {"type": "secret_text", "title": title, "field": {"title": "Access token", "secret": True}}


def _addresses(method: Mapping[str, Json]) -> list[str]:
    return [str(mapping(method[part]).get("url")) for part in ("authorize", "token", "refresh") if part in method]


def _sent(name: str, scheme: Mapping[str, Json], value: str) -> dict[str, Json] | str:
    wire = str(scheme.get("name"))
    match scheme.get("in"):
        case "header" if not HEADER_NAME.fullmatch(wire) or wire.lower() in _NOT_FOR_KEYS:
            return f"{name}: no key can be sent in the header {wire}; give `auth` yourself"
        case "header":
            return {"headers": {wire: value}}
        case "query":
            return {"query": {wire: value}}
        case place:
            return f"{name}: a key in the {place} can't be sent; give `auth` yourself"


def _several(named: Mapping[str, Mapping[str, Json]]) -> dict[str, Json] | str:
    """Schemes that are needed together: keys can be, as fields of one connection."""
    send: dict[str, dict[str, Json]] = {"headers": {}, "query": {}}
    fields: dict[str, Json] = {}
    for name, scheme in named.items():
        field = identifier(name, fallback="key").lower()
        if field in fields:
            return f"{' and '.join(named)}: their names are too much alike; give `auth` yourself"
        fields[field] = {"title": plain(name, 80), "secret": True}
        if scheme.get("type") == "apiKey":
            sent = _sent(name, scheme, f"{{{field}}}")
            if isinstance(sent, str):
                return sent
            for place, values in sent.items():
                send[place] |= values
        elif scheme.get("type") == "http" and str(scheme.get("scheme", "")).lower() == "bearer":
            send["headers"]["Authorization"] = f"Bearer {{{field}}}"
        else:
            return f"{' and '.join(named)}: needed together, which can't be connected; give `auth` yourself"
    return {"type": "custom", "fields": fields, "send": {place: values for place, values in send.items() if values}}


def scope_titles(document: Document) -> dict[str, str]:
    """Return what the document says of its scopes."""
    found: dict[str, str] = {}
    for scheme in mapping(mapping(document.root.get("components")).get("securitySchemes")).values():
        for flow in mapping(document.resolved(scheme)[0].get("flows")).values():
            titles = mapping(mapping(flow).get("scopes"))
            found |= {scope: plain(title, 120) for scope, title in titles.items() if isinstance(title, str) and title}
    return found
