"""One request to any endpoint of an integration's own API, with a connection's credential: what no action covers.

It stays below the API's address, can't say what the connection says (credential, fixed headers), and is sent once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from urllib.parse import quote, unquote

from integrations.action import ActionResult, Answer, Ports
from integrations.answers import read, result_of
from integrations.credential_proof import opens
from integrations.engine import ConnectedApi
from integrations.failures import ActionFailed, CredentialsRejected, InvalidInput
from integrations.manifest import Manifest, Output
from integrations.notation import MISSING
from integrations.outgoing import Outgoing, encode
from integrations.ports import Credentials, HttpError, HttpResponse, Json
from integrations.provider_failures import failure_in, transport_failure
from integrations.requests import METHODS
from integrations.running import connected
from integrations.template import CONTROL

NAME: Final = "request"
_OURS: Final = frozenset(
    {"authorization", "connection", "content-length", "cookie", "expect", "host", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "proxy-authorization", "proxy-connection", "keep-alive", "accept-encoding", "user-agent"}
)
"""Headers that the connection, or HTTP itself, decides."""
_SHOWN: Final = re.compile(r"content-type|etag|last-modified|link|location|retry-after|x-(?:ratelimit|request-id).*")
"""Headers of an answer that a caller may need; cookies and the like stay here."""
_ELSEWHERE: Final = frozenset(
    {"forwarded", "x-forwarded-host", "x-forwarded-prefix", "x-original-url", "x-rewrite-url"}
)
"""Headers by which servers take a request for one to another host or path."""
_OVERRIDES: Final = frozenset(
    {"_method", "$httpmethod", "$httpheaders", "x-http-method", "x-http-method-override", "x-method-override"}
)
"""Parameters by which servers take a request for one of another method: WordPress deletes by GET with `_method`."""
_FORM: Final = "application/x-www-form-urlencoded"
_OUTPUT: Final = Output()


def input_schema(methods: Sequence[str] = METHODS, *, with_headers: bool = True) -> dict[str, Json]:
    """Return what such a request takes. A model gets no `headers`: their names are never a tool's input (R30)."""
    scalar = {"type": ["string", "number", "boolean"]}
    headers: dict[str, Json] = {
        "headers": {
            "type": "object",
            "description": "Headers besides those that the connection sends.",
            "additionalProperties": {"type": "string", "maxLength": 4000},
            "maxProperties": 30,
        }
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["method", "path"],
        "properties": {
            "method": {"type": "string", "enum": list(methods), "description": "The HTTP method."},
            "path": {
                "type": "string",
                "maxLength": 2000,
                "description": "The path below the API's address, such as repos/acme/website; a query goes into `query`.",
            },
            "query": {
                "type": "object",
                "description": "Query parameters; a list repeats its name.",
                "additionalProperties": {"anyOf": [scalar, {"type": "array", "items": scalar}]},
                "maxProperties": 100,
            },
            **(headers if with_headers else {}),
            "body": {"description": "The body: any JSON value."},
        },
    }


@dataclass(frozen=True)
class AnyRequest:
    """Sends what it is told to, within one integration's API."""

    manifest: Manifest

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        """Return `{status, headers, body}` of the answer, whatever its status.

        Raises:
            InvalidInput: the request would leave the API, or says what the connection says.
            CredentialsRejected: the provider no longer takes this credential, at no endpoint.
            ActionFailed: there was no answer.
        """
        api = connected(self.manifest, credentials, ports)
        answer, rejection = await _answer(api, _outgoing(arguments, api))
        if rejection is not None and await self._is_dead(credentials, ports):
            raise rejection
        found = result_of(answer, _OUTPUT, name="response")
        headers = {name: value for name, value in answer.headers.items() if _SHOWN.fullmatch(name)}
        shown = {"status": answer.status, "headers": headers, "body": found.output}
        return ActionResult(shown, found.attachments)

    async def _is_dead(self, credentials: Credentials | None, ports: Ports) -> bool:
        """Tell whether a credential that an endpoint has refused opens its account no more.

        Endpoints that want another kind of credential refuse every good one too. Whoever can name any endpoint must
        not be able to end an account that others use by it.
        """
        if credentials is None:
            return False
        try:
            await opens(self.manifest, credentials, ports)
        except CredentialsRejected:
            return True
        except ActionFailed:
            pass
        # Nothing is known, then: the next action will find out.
        return False


async def _answer(api: ConnectedApi, outgoing: Outgoing) -> tuple[Answer, CredentialsRejected | None]:
    """Return the answer, and what it says of the credential where it refuses that."""
    try:
        request = api.target.signed(encode(outgoing, api.target, api.limits), api.ports.now())
        response = await api.ports.http.send(request)
    except HttpError as error:
        raise transport_failure(error, target=api.target) from error
    answer = read(_without_secrets(response, api))
    failure = failure_in(answer, api.section.failure, api.section.retry, target=api.target, now=api.ports.now())
    return answer, failure if isinstance(failure, CredentialsRejected) else None


def _without_secrets(response: HttpResponse, api: ConnectedApi) -> HttpResponse:
    """An endpoint may well repeat what it was sent: nobody may read the credential there."""
    body = api.target.without_secrets(response.body.decode("utf-8", "surrogateescape"))
    headers = {name: api.target.without_secrets(value) for name, value in response.headers.items()}
    return replace(response, headers=headers, body=body.encode("utf-8", "surrogateescape"))


def _outgoing(arguments: Mapping[str, Json], api: ConnectedApi) -> Outgoing:
    headers: Mapping[str, str] = arguments.get("headers", {})
    query: Mapping[str, Json] = arguments.get("query", {})
    body = arguments.get("body", MISSING)
    taken = {name.lower() for name in api.target.headers} | _OURS | _ELSEWHERE
    for name in headers:
        if name.lower() in taken:
            raise InvalidInput(f"The header {name!r} is not for callers to set.", path="/headers")
    for name, _ in api.target.query:
        if name in query:
            raise InvalidInput(f"The query parameter {name!r} is the connection's.", path="/query")
    _refuse_overrides(query, where="/query")
    if isinstance(body, Mapping):
        _refuse_overrides(cast("Mapping[str, Json]", body), where="/body")
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    outgoing = Outgoing(
        method=str(arguments["method"]), path=_path(str(arguments["path"])), query=query, headers=headers
    )
    if body is MISSING:
        return outgoing
    if isinstance(body, Mapping) and kind.startswith(_FORM):
        return replace(outgoing, form=cast("Mapping[str, Json]", body))
    if isinstance(body, str) and kind and "json" not in kind:
        return replace(outgoing, content=body.encode("utf-8", "surrogatepass"))
    return replace(outgoing, json=body)


def _refuse_overrides(parameters: Mapping[str, Json], *, where: str) -> None:
    """Refuse what makes the method another than the one that was allowed. Raises InvalidInput."""
    for name in parameters:
        # PHP reads `.method`, `[method` and ` _method` as `_method`.
        if re.sub(r"[ .[]", "_", name.lstrip()).partition("\0")[0].lower() in _OVERRIDES:
            raise InvalidInput(f"{name!r} would change the method: say it in `method`.", path=where)


def _path(path: str) -> str:
    """Return the path, encoded; what is encoded already stays. Raises InvalidInput where it could lead elsewhere."""
    relative = path.removeprefix("/")
    if any(char in path for char in "?#\\") or not path.isprintable():
        raise InvalidInput(
            "The path holds only steps below the API's address; a query goes into `query`.", path="/path"
        )
    # Servers of Java drop what follows a ';' before they look for steps that climb.
    decoded = unquote(unquote(relative))
    steps = (step.partition(";")[0].strip() for step in re.split(r"[/\\]", decoded))
    if relative.startswith("/") or CONTROL.search(decoded) or any(step in {".", ".."} for step in steps):
        raise InvalidInput("The path would lead out of the API.", path="/path")
    return quote(relative, safe="/%:@!$&'()*+,;=~")
