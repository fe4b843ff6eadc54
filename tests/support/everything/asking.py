"""Tools that need something of the client first: by input_required (2026-07-28), or by asking in mid-call (before)."""

# What 2026-07-28 deprecates, clients of the handshake revisions still use.
# pyright: reportDeprecated=false

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import mcp_types as types
from mcp import MCPError
from mcp.server.context import ServerRequestContext

from tests.support.everything.content import objects, text

Context: TypeAlias = ServerRequestContext[Any, Any]
Answer: TypeAlias = types.CallToolResult | types.InputRequiredResult
Tool: TypeAlias = Callable[[Context, types.CallToolRequestParams], Awaitable[Answer]]

_NAME: Final = objects(("name",), name={"type": "string"})
_STRING: Final = {"type": "string"}
DEFAULTS: Final = objects(
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    verified={"type": "boolean", "default": True},
)
_OPTIONS: Final = ["option1", "option2", "option3"]
_TITLED: Final = [
    {"const": f"value{number}", "title": f"{word} {{kind}}"}
    for number, word in enumerate(("First", "Second", "Third"), 1)
]
ENUMS: Final = objects(
    untitledSingle={"type": "string", "enum": _OPTIONS},
    titledSingle={
        "type": "string",
        "oneOf": [{**each, "title": each["title"].format(kind="Option")} for each in _TITLED],
    },
    legacyEnum={
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti={"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    titledMulti={
        "type": "array",
        "items": {"anyOf": [{**each, "title": each["title"].format(kind="Choice")} for each in _TITLED]},
    },
)


def form(message: str, schema: Mapping[str, Any]) -> types.ElicitRequest:
    """A question to the person."""
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=dict(schema)))


def sampling(words: str, most: int) -> types.CreateMessageRequest:
    """A question to the client's model."""
    message = types.SamplingMessage(role="user", content=text(words))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=most))


def needs(state: str | None = None, **requests: Any) -> types.InputRequiredResult:
    """What is needed first."""
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def done(words: str) -> types.CallToolResult:
    """The end of a tool call."""
    return types.CallToolResult(content=[text(words)])


def given(params: types.CallToolRequestParams | types.GetPromptRequestParams, name: str) -> Any:
    """What the client answered under this name, None where it did not or said no."""
    response = (params.input_responses or {}).get(name)
    if isinstance(response, types.ElicitResult):
        return response.content if response.action == "accept" else None
    return response


async def elicitation(_: Context, params: types.CallToolRequestParams) -> Answer:
    answer = given(params, "user_name")
    if not answer or "name" not in answer:
        return needs(user_name=form("What is your name?", _NAME))
    return done(f"Hello, {answer['name']}!")


async def sampled(_: Context, params: types.CallToolRequestParams) -> Answer:
    answer = given(params, "capital_question")
    if not isinstance(answer, types.CreateMessageResult):
        return needs(capital_question=sampling("What is the capital of France?", 100))
    return done(f"Answer: {getattr(answer.content, 'text', '')}")


async def list_roots(_: Context, params: types.CallToolRequestParams) -> Answer:
    answer = given(params, "client_roots")
    if not isinstance(answer, types.ListRootsResult):
        return needs(client_roots=types.ListRootsRequest())
    return done(f"Roots: {', '.join(str(root.uri) for root in answer.roots)}")


async def request_state(_: Context, params: types.CallToolRequestParams) -> Answer:
    if params.request_state == "asked" and given(params, "confirm") is not None:
        return done("state-ok")
    return needs("asked", confirm=form("Please confirm", objects(("ok",), ok={"type": "boolean"})))


async def multiple_inputs(_: Context, params: types.CallToolRequestParams) -> Answer:
    if all(given(params, name) is not None for name in ("user_name", "greeting", "client_roots")):
        return done("All inputs received")
    return needs(
        "several",
        user_name=form("What is your name?", _NAME),
        greeting=sampling("Generate a greeting", 50),
        client_roots=types.ListRootsRequest(),
    )


async def multi_round(_: Context, params: types.CallToolRequestParams) -> Answer:
    match params.request_state:
        case "round-2" if given(params, "step2") is not None:
            return done(f"Favourite color: {given(params, 'step2').get('color')}")
        case "round-1" if given(params, "step1") is not None:
            color = objects(("color",), color=_STRING)
            return needs("round-2", step2=form("Step 2: What is your favorite color?", color))
        case _:
            return needs("round-1", step1=form("Step 1: What is your name?", _NAME))


async def by_capabilities(ctx: Context, params: types.CallToolRequestParams) -> Answer:
    """Ask only for what the client says that it can do."""
    can = ctx.session.client_capabilities
    wanted: dict[str, Any] = {}
    if can is not None and can.elicitation is not None:
        wanted["user_name"] = form("What is your name?", _NAME)
    if can is not None and can.sampling is not None:
        wanted["greeting"] = sampling("Generate a greeting", 50)
    if can is not None and can.roots is not None:
        wanted["client_roots"] = types.ListRootsRequest()
    if not wanted or any(given(params, name) is not None for name in wanted):
        return done("Nothing more is needed")
    return needs(**wanted)


async def missing_capability(ctx: Context, _: types.CallToolRequestParams) -> Answer:
    can = ctx.session.client_capabilities
    if can is None or can.sampling is None:
        raise MCPError(-32021, "this tool needs sampling", {"requiredCapabilities": {"sampling": {}}})
    return done("The client can sample")


async def pushed_sampling(ctx: Context, params: types.CallToolRequestParams) -> Answer:
    message = types.SamplingMessage(role="user", content=text(str((params.arguments or {})["prompt"])))
    answer = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
    return done(f"LLM response: {getattr(answer.content, 'text', '')}")


async def pushed_elicitation(ctx: Context, params: types.CallToolRequestParams) -> Answer:
    schema = objects(
        ("username", "email"),
        username={"type": "string", "description": "User's response"},
        email={"type": "string", "description": "User's email address"},
    )
    answer = await ctx.session.elicit_form(str((params.arguments or {})["message"]), schema, ctx.request_id)
    return done(f"User response: action={answer.action}, content={answer.content}")


def asking(message: str, schema: Mapping[str, Any]) -> Tool:
    """A tool that asks the person in mid-call."""

    async def tool(ctx: Context, _: types.CallToolRequestParams) -> Answer:
        answer = await ctx.session.elicit_form(message, dict(schema), ctx.request_id)
        return done(f"Elicitation completed: action={answer.action}, content={answer.content}")

    return tool


TOOLS: Final[Mapping[str, Tool]] = {
    "test_input_required_result_elicitation": elicitation,
    "test_input_required_result_sampling": sampled,
    "test_input_required_result_list_roots": list_roots,
    "test_input_required_result_request_state": request_state,
    "test_input_required_result_multiple_inputs": multiple_inputs,
    "test_input_required_result_multi_round": multi_round,
    "test_input_required_result_tampered_state": request_state,
    "test_input_required_result_capabilities": by_capabilities,
    "test_missing_capability": missing_capability,
    "test_sampling": pushed_sampling,
    "test_elicitation": pushed_elicitation,
    "test_elicitation_sep1034_defaults": asking("Please review your profile", DEFAULTS),
    "test_elicitation_sep1330_enums": asking("Please choose", ENUMS),
    "test_streaming_elicitation": elicitation,
}
