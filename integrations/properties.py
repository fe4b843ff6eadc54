"""Integrations as REST clients see them (contract 1.9): metadata, summary rows, inputs as property objects."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

from integrations.auth_methods import (
    AnyAuthMethod,
    BasicAuth,
    ClientCredentials,
    ConnectionField,
    Custom,
    OAuth2,
    SecretText,
    TokenExchange,
)
from integrations.inputs import Input, object_schema
from integrations.integration import Action, Integration
from integrations.manifest import OptionLookup, Trigger
from integrations.ports import Json

Wire: TypeAlias = dict[str, Any]
_NOTHING: Final[Mapping[str, Input]] = {}

SIMPLE_TYPES: Final = {
    "string": "SHORT_TEXT",
    "integer": "NUMBER",
    "number": "NUMBER",
    "boolean": "CHECKBOX",
    "array": "ARRAY",
    "object": "OBJECT",
}
"""JSON Schema type → property type; anything else is JSON."""


def metadata(integration: Integration) -> Wire:
    """The whole integration, with the inputs of every action and trigger."""
    return _heading(integration) | {
        "auth": _auth(integration),
        "authOptions": [_auth_option(method) for method in integration.auth],
        "actions": {name: _action(integration, action) for name, action in integration.actions.items()},
        "triggers": {trigger.name: _trigger(integration, trigger) for trigger in integration.triggers},
    }


def summary(integration: Integration) -> Wire:
    """One row of a list: what a person needs to choose."""
    types = _types(integration)
    return _heading(integration) | {
        "auth": {"type": types} if types else None,
        "authOptions": [_auth_option(method) for method in integration.auth],
        "actionCount": len(integration.actions if integration.is_mcp_server else integration.manifest.actions),
        "triggerCount": len(integration.manifest.triggers),
    }


def connection_type(method: AnyAuthMethod) -> str:
    """The connection type on the wire."""
    match method:
        case OAuth2():
            return "OAUTH2"
        case SecretText():
            return "SECRET_TEXT"
        case BasicAuth():
            return "BASIC_AUTH"
        case Custom() | ClientCredentials() | TokenExchange():
            return "CUSTOM_AUTH"


def auth_fields(method: AnyAuthMethod) -> Mapping[str, ConnectionField]:
    """What a person has to enter to connect with `method`, in the order of the form; empty for plain OAuth."""
    match method:
        case OAuth2():
            own: Mapping[str, ConnectionField] = {}
        case SecretText():
            own = {"secret_text": method.field}
        case BasicAuth():
            own = {"username": method.username, "password": method.password}
        case Custom() | TokenExchange() | ClientCredentials():
            own = method.fields
    return {**method.inputs, **own}


def properties(schema: Mapping[str, Json], declared: Mapping[str, Input], lookups: Mapping[str, OptionLookup]) -> Wire:
    """An input schema as the contract's `props`: one property object per input."""
    required = schema.get("required", [])
    return {
        name: _property(
            name, _described(fragment), required=name in required, declared=declared.get(name), lookups=lookups
        )
        for name, fragment in cast("Mapping[str, Json]", schema.get("properties", {})).items()
    }


def _described(fragment: Json) -> Mapping[str, Json]:
    """Return what is said of an input; schemas of remote MCP servers may be a plain true or false."""
    return cast("Mapping[str, Json]", fragment) if isinstance(fragment, Mapping) else {}


def _heading(integration: Integration) -> Wire:
    manifest = integration.manifest
    return {
        "name": manifest.name,
        "displayName": manifest.title,
        "description": manifest.description or "",
        "logoUrl": manifest.logo or "",
        "categories": list(manifest.categories),
    }


def _types(integration: Integration) -> list[str]:
    return list(dict.fromkeys(connection_type(method) for method in integration.auth))


def _auth(integration: Integration) -> Wire | None:
    if not integration.auth:
        return None
    first = next((method for method in integration.auth if isinstance(method, OAuth2)), None)
    return {"type": _types(integration)} | ({"oauth2": _oauth2(first)} if first else {})


def _oauth2(method: OAuth2) -> Wire:
    return {
        "authUrl": method.authorize.url,
        "tokenUrl": method.token.url,
        "scopes": list(method.scopes),
        "pkce": method.authorize.pkce != "off",
    }


def _auth_option(method: AnyAuthMethod) -> Wire:
    option: Wire = {
        "key": method.key,
        "type": connection_type(method),
        "displayName": method.title or method.key.replace("_", " ").capitalize(),
        "description": method.description or "",
    }
    if isinstance(method, OAuth2):
        option["oauth2"] = _oauth2(method)
    # The secret of SECRET_TEXT and BASIC_AUTH has fields of its own in the request; `props` are for the rest.
    fields = method.inputs if isinstance(method, SecretText | BasicAuth) else auth_fields(method)
    return option | ({"props": {name: _auth_field(field) for name, field in fields.items()}} if fields else {})


def _auth_field(field: ConnectionField) -> Wire:
    found: Wire = {
        "type": "STATIC_DROPDOWN" if field.enum else "SHORT_TEXT",
        "displayName": field.title,
        "description": field.description or "",
        "required": not field.optional,
        "secret": field.secret,
    }
    if field.default is not None:
        found["defaultValue"] = field.default
    return found | (_static_options(field.enum) if field.enum else {})


def _action(integration: Integration, action: Action) -> Wire:
    declared = next((item.input for item in integration.manifest.actions if item.name == action.name), _NOTHING)
    return {
        "displayName": action.title,
        "description": action.description or "",
        "props": properties(action.input_schema, declared, integration.manifest.options),
    }


def _trigger(integration: Integration, trigger: Trigger) -> Wire:
    return {
        "displayName": trigger.title,
        "description": trigger.description or "",
        "type": trigger.type,
        "props": properties(object_schema(trigger.input), trigger.input, integration.manifest.options),
        "sampleData": trigger.sample,
    }


def _property(
    name: str,
    schema: Mapping[str, Json],
    *,
    required: bool,
    declared: Input | None,
    lookups: Mapping[str, OptionLookup],
) -> Wire:
    lookup = lookups.get(declared.options) if declared and declared.options else None
    found: Wire = {
        "type": property_type(
            schema, has_lookup=lookup is not None, is_long=declared is not None and declared.multiline
        ),
        "displayName": schema.get("title") or _words(name),
        "description": schema.get("description", ""),
        "required": required,
    }
    if "default" in schema:
        found["defaultValue"] = schema["default"]
    if lookup is not None:
        return found | {"refreshers": list(lookup.depends_on)}
    items = schema.get("items")
    choices = schema.get("enum") or (
        cast("Mapping[str, Json]", items).get("enum") if isinstance(items, Mapping) else None
    )
    return found | (_static_options(choices) if choices else {})


def property_type(schema: Mapping[str, Json], *, has_lookup: bool = False, is_long: bool = False) -> str:
    """The contract's type of one input."""
    kinds = schema.get("type")
    named = [kind for kind in (cast("list[str]", kinds) if isinstance(kinds, list) else [kinds]) if kind != "null"]
    kind = named[0] if len(named) == 1 else None
    items = schema.get("items") if kind == "array" else None
    if has_lookup:
        return "MULTI_SELECT_DROPDOWN" if kind == "array" else "DROPDOWN"
    if isinstance(items, Mapping) and "enum" in items:
        return "STATIC_MULTI_SELECT_DROPDOWN"
    if "enum" in schema:
        return "STATIC_DROPDOWN"
    if kind == "string" and schema.get("contentEncoding") == "base64":
        return "FILE"
    if kind == "string" and is_long:
        return "LONG_TEXT"
    return SIMPLE_TYPES.get(kind or "", "JSON")


def _static_options(values: Json) -> Wire:
    return {"options": {"options": [{"label": str(value), "value": value} for value in values]}}


def _words(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
