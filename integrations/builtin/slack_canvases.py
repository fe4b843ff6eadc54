"""What the slack manifest can't say about canvases: content that may be absent, and changes of several forms."""

from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

_BESIDE_A_SECTION: Final = frozenset({"insert_after", "insert_before", "delete"})


async def create_canvas(call: ActionCall) -> Json:
    """Make a canvas that belongs to the person or the app."""
    return await _created(call, "canvases.create", {})


async def create_channel_canvas(call: ActionCall) -> Json:
    """Make the canvas of a channel."""
    return await _created(call, "conversations.canvases.create", {"channel_id": call.arguments["channel"]})


async def edit_canvas(call: ActionCall) -> Json:
    """Do one change: Slack takes no more at a time."""
    given = call.arguments
    change = _renaming(call) if given["operation"] == "rename" else _editing(call)
    await call.api.post("canvases.edit", json={"canvas_id": given["canvas_id"], "changes": [change]})
    return {"canvas_id": given["canvas_id"], "operation": given["operation"]}


def _renaming(call: ActionCall) -> dict[str, Json]:
    title = call.arguments.get("title")
    if not title:
        raise InvalidInput("rename needs title", path="/title")
    return {"operation": "rename", "title_content": _markdown(title)}


def _editing(call: ActionCall) -> dict[str, Json]:
    operation, section = call.arguments["operation"], call.arguments.get("section_id")
    text = call.arguments.get("markdown")
    if operation in _BESIDE_A_SECTION and not section:
        raise InvalidInput(f"{operation} needs section_id, as find_canvas_sections gives it", path="/section_id")
    if operation != "delete" and not text:
        raise InvalidInput(f"{operation} needs markdown", path="/markdown")
    change: dict[str, Json] = {"operation": operation}
    if section:
        change["section_id"] = section
    if operation != "delete":
        change["document_content"] = _markdown(text)
    return change


async def _created(call: ActionCall, method: str, where: dict[str, Json]) -> Json:
    canvas = dict(where)
    if call.arguments.get("title"):
        canvas["title"] = call.arguments["title"]
    if call.arguments.get("markdown"):
        canvas["document_content"] = _markdown(call.arguments["markdown"])
    answer = await call.api.post(method, json=canvas)
    return {"canvas_id": answer.get("canvas_id")}


def _markdown(text: Json) -> dict[str, Json]:
    return {"type": "markdown", "markdown": text}
