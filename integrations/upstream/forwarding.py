"""Requests to a remote MCP server as actions: with the connection's credential, and the answer as it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from integrations.action import ActionResult, Ports
from integrations.failures import ActionFailed
from integrations.manifest import Api, Manifest
from integrations.ports import Credentials, Json, McpAnswer, McpRequest
from integrations.running import method_of
from integrations.target import target_of
from integrations.template import encoded_pairs

CALL: Final = "tools/call"
LIST: Final = "tools/list"
_LONGEST: Final = 2_000


@dataclass(frozen=True)
class RemoteTool:
    """One tool of the server, as it was approved."""

    manifest: Manifest
    definition: Mapping[str, Json]

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        params = {"name": self.definition["name"], "arguments": arguments}
        answer = await ask(self.manifest, CALL, params, credentials, ports=ports, expects=self.definition)
        return ActionResult(_readable(answer), mcp=answer)


@dataclass(frozen=True)
class RemoteRequest:
    """Any request: `method` and `params` are the arguments."""

    manifest: Manifest

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        answer = await ask(self.manifest, arguments["method"], arguments["params"], credentials, ports=ports)
        return ActionResult(answer.result, mcp=answer)


@dataclass(frozen=True)
class RemoteListing:
    """The list of its tools: whoever holds it against what is approved hears of it on the way."""

    manifest: Manifest

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        answer = await ask(self.manifest, LIST, arguments, credentials, ports=ports)
        if answer.error is not None:
            raise ActionFailed(f"{self.manifest.title} does not list its tools: {answer.error.get('message')}")
        return ActionResult({"connected": True, "tools": len(answer.result.get("tools", []))})


def failure_of(answer: McpAnswer) -> str | None:
    """Return what went wrong, where an answer says so; for callers who don't speak MCP."""
    if answer.error is not None:
        return str(answer.error.get("message", "the server refuses the request"))
    if answer.result.get("isError") is True:
        said = _readable(McpAnswer({"content": answer.result.get("content", [])}))
        return said if isinstance(said, str) and said else f"the tool failed: {str(said)[:_LONGEST]}"
    if answer.result.get("resultType") == "input_required":
        return "the tool asks for input before it goes on, which only an MCP client can give"
    return None


async def ask(
    manifest: Manifest,
    method: str,
    params: Mapping[str, Json],
    credentials: Credentials | None,
    *,
    ports: Ports,
    expects: Mapping[str, Json] | None = None,
) -> McpAnswer:
    """Ask the manifest's server. Raises ActionFailed; RuntimeError where there is no server or nobody to ask it."""
    if manifest.mcp is None or ports.mcp is None:
        raise RuntimeError(f"{manifest.name} is no MCP server, or nobody here can ask one")
    target = target_of(Api(base_url=manifest.mcp.url), method_of(manifest, credentials), credentials)
    query = encoded_pairs(target.query)
    url = f"{target.base_url}{'&' if '?' in target.base_url else '?'}{query}" if query else target.base_url
    try:
        return await ports.mcp.ask(McpRequest(url, target.headers, method, params, expects))
    except ActionFailed as error:
        error.message = target.without_secrets(error.message)
        raise


def _readable(answer: McpAnswer) -> Json:
    """What a caller without MCP sees of it: the structured content, else the text, else the content blocks."""
    structured = answer.result.get("structuredContent")
    if structured is not None:
        return structured
    content = cast("list[dict[str, Json]]", answer.result.get("content", []))
    texts = [block.get("text") for block in content if isinstance(block.get("text"), str)]
    return "\n".join(cast("list[str]", texts)) if len(texts) == len(content) else content
