"""From a remote MCP server's answer to the form that this client understands: names, era, size, links."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast, get_args

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, SERVER_INFO_META_KEY, URL_ELICITATION_REQUIRED
from mcp_types.methods import SERVER_RESULTS, serialize_server_result
from pydantic import ValidationError

from gateway import __version__
from gateway.mcp.client_side import as_from, may_be_opened, refuse_question
from gateway.mcp.lists import SERVER_NAME
from gateway.mcp.remote_names import RemoteNames
from gateway.mcp.results import ACCOUNT_META_KEY, Dialect, account_of
from gateway.tools.execution import Outcome
from gateway.upstreams.conversation import NoAnswer

_CACHEABLE: Final = frozenset(
    {"prompts/list", "resources/list", "resources/templates/list", "resources/read", "tools/list"}
)
_MOST_LINKS: Final = 16


def wire_result(
    result: Mapping[str, Any], *, method: str, names: RemoteNames, version: str, is_modern: bool
) -> dict[str, Any]:
    """Return a result as a client of this revision reads it.

    Raises `MCPError` for one that is none: what a server says is checked before a client gets to see it.
    """
    shown = names.outer_result(result)
    if is_modern:
        shown.setdefault("resultType", "complete")
        meta = shown.get("_meta")
        about = {SERVER_INFO_META_KEY: {"name": SERVER_NAME, "version": __version__}}
        shown["_meta"] = {**(cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}), **about}
        if method in _CACHEABLE and shown["resultType"] == "complete":
            # The account behind it may be another at any time.
            shown |= {"ttlMs": 0, "cacheScope": "private"}
    try:
        surface = _surface(method, version, is_question=shown.get("resultType") == "input_required")
        return serialize_server_result(method, version, shown, surface=surface)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"][:6])
        title = names.title
        raise MCPError(INTERNAL_ERROR, f"{title} gave an answer to {method} that is none: {place[:100]}") from None


def call_result(
    outcome: Outcome, *, names: RemoteNames, version: str, dialect: Dialect, capabilities: Mapping[str, Any], most: int
) -> dict[str, Any]:
    """Return the result of a tool. Raises `MCPError` where the server answered with an error of the protocol."""
    answer = outcome.result.mcp
    if answer is None:
        raise RuntimeError("a remote tool ran without its server's answer")
    if answer.error is not None:
        return _refused(answer.error, names, dialect)
    if answer.result.get("resultType") == "input_required":
        return questions_of(answer.result, names=names, version=version, capabilities=capabilities)
    result = {**_capped(answer.result, most), "_meta": _with_account(answer.result.get("_meta"), outcome)}
    return wire_result(result, method="tools/call", names=names, version=version, is_modern=dialect.is_modern)


def questions_of(
    result: Mapping[str, Any],
    *,
    names: RemoteNames,
    version: str,
    capabilities: Mapping[str, Any],
    method: str = "tools/call",
) -> dict[str, Any]:
    """Return a server's questions, none of which may be one that this client can't take. Raises `MCPError`."""
    told = wire_result(result, method=method, names=names, version=version, is_modern=True)
    asked: dict[str, Any] = told.get("inputRequests") or {}
    for question in asked.values():
        params: Mapping[str, Any] = question.get("params") or {}
        try:
            refuse_question(question["method"], params, capabilities)
        except NoAnswer as error:
            raise MCPError(INTERNAL_ERROR, f"{names.title}: {error.message}") from None
        if params:
            question["params"] = as_from(names, question["method"], params)
    return told


def error_of(error: Mapping[str, Any]) -> MCPError:
    """Return a server's JSON-RPC error as ours. That of a link to open is no error to clients since 2026-07-28."""
    code = error.get("code")
    data = {"data": error["data"]} if error.get("data") is not None else {}
    kept = code if isinstance(code, int) and code != URL_ELICITATION_REQUIRED else INTERNAL_ERROR
    return MCPError(kept, str(error.get("message") or "the server gave no reason"), **data)


@cache
def _surface(method: str, version: str, *, is_question: bool) -> Mapping[tuple[str, str], Any]:
    """Return what a result has to be; where it may be a question instead, the SDK's own union takes any object."""
    either = get_args(SERVER_RESULTS[method, version])
    chosen = [each for each in either if (each.__name__ == "InputRequiredResult") == is_question]
    return {(method, version): chosen[0]} if chosen else SERVER_RESULTS


def _refused(error: Mapping[str, Any], names: RemoteNames, dialect: Dialect) -> dict[str, Any]:
    """Tell of an error in the place of a result, where it is a link to open and the client has another way for that."""
    if error.get("code") != URL_ELICITATION_REQUIRED:
        raise error_of(error)
    message, links = str(error.get("message") or "A link has to be opened first."), _links(error.get("data"))
    if links and dialect.takes_url_elicitation and not dialect.is_modern:
        asked = [{**each, "message": as_from(names, "elicitation/create", each)["message"]} for each in links]
        raise MCPError(URL_ELICITATION_REQUIRED, message, {"elicitations": asked})
    text = "\n".join([message, *(f"{each['message']} {each['url']}".strip() for each in links)])
    return {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": True}


def _links(data: Any) -> list[dict[str, Any]]:
    """Return the links of error -32042 that a person may be sent to; what is no such link is left out."""
    asked: Any = cast("dict[str, Any]", data).get("elicitations") if isinstance(data, dict) else None
    links: list[dict[str, Any]] = []
    for each in cast("list[Any]", asked if isinstance(asked, list) else [])[:_MOST_LINKS]:
        match each:
            case {"mode": "url", "url": str(url), "message": str(message), "elicitationId": str(named)}:
                if may_be_opened(url):
                    links.append({"mode": "url", "url": url, "message": message, "elicitationId": named})
            case _:
                pass
    return links


def _with_account(meta: object, outcome: Outcome) -> dict[str, Any]:
    """The result's own `_meta`, and by which account it came, which is ours alone to say."""
    said = cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}
    own = {key: value for key, value in said.items() if key != ACCOUNT_META_KEY}
    account = account_of(outcome)
    return {**own, ACCOUNT_META_KEY: account} if account is not None else own


def _capped(result: Mapping[str, Any], most: int) -> Mapping[str, Any]:
    """Return a result that an agent can take in; one that is too large says so in its place."""
    size = len(json.dumps(result, ensure_ascii=False).encode())
    if size <= most:
        return result
    text = (
        f"The result has {size} bytes, of which at most {most} are handed over. "
        "Ask for less: a filter, a smaller page, or fewer fields."
    )
    return {"content": [{"type": "text", "text": text}], "isError": True}
