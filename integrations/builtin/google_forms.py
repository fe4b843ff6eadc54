"""What the google-forms manifest can't say: questions by their kind, and lists that are Drive's."""

from collections.abc import Callable, Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.google_drive import quoted
from integrations.failures import InvalidInput
from integrations.ports import Json

FORM: Final = "forms/{formId}"
FILES: Final = "nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress),webViewLink)"
MIME_TYPE: Final = "application/vnd.google-apps.form"
CHOICES: Final = {"radio": "RADIO", "checkbox": "CHECKBOX", "dropdown": "DROP_DOWN"}


async def list_forms(call: ActionCall) -> Json:
    """The forms of the account, what changed last first. The address is Drive's."""
    wanted = [f"mimeType = '{MIME_TYPE}'", "trashed = false"]
    if "query" in call.arguments:
        wanted.append(f"name contains {quoted(call.arguments['query'])}")
    query = {name: call.arguments[name] for name in ("pageSize", "pageToken") if name in call.arguments} | {
        "q": " and ".join(wanted),
        "orderBy": "modifiedTime desc",
        "supportsAllDrives": True,
        "includeItemsFromAllDrives": True,
        "fields": FILES,
    }
    return await call.api.get("files", query=query)


async def add_question(call: ActionCall) -> Json:
    """Put a question into a form, at the end unless a place is given."""
    arguments = call.arguments
    item: dict[str, Json] = {"title": arguments["title"], "questionItem": {"question": _question(arguments)}}
    if "description" in arguments:
        item["description"] = arguments["description"]
    place = int(arguments["index"]) if "index" in arguments else await _length(call)
    body = {"requests": [{"createItem": {"item": item, "location": {"index": place}}}]}
    answer = await call.api.post(f"{FORM}:batchUpdate", _where(call), json=body)
    return answer["replies"][0]["createItem"]


async def update_form_info(call: ActionCall) -> Json:
    """Change title and description of a form."""
    info = {name: call.arguments[name] for name in ("title", "description") if name in call.arguments}
    if not info:
        raise InvalidInput("Give a title, a description, or both.")
    request = {"updateFormInfo": {"info": info, "updateMask": ",".join(info)}}
    await call.api.post(f"{FORM}:batchUpdate", _where(call), json={"requests": [request]})
    return info


async def _length(call: ActionCall) -> int:
    """How many items the form has."""
    form = await call.api.get(FORM, _where(call), query={"fields": "items(itemId)"})
    return len(form.get("items", []))


def _where(call: ActionCall) -> dict[str, Json]:
    return {"formId": call.arguments["formId"]}


def _question(arguments: Mapping[str, Json]) -> dict[str, Json]:
    required = bool(arguments.get("required", False))
    kind = str(arguments["type"])
    return {"required": required} | _KINDS[kind](arguments)


def _choice(arguments: Mapping[str, Json]) -> dict[str, Json]:
    if not arguments.get("options"):
        raise InvalidInput("A question to choose from needs options.", path="/options")
    options = [{"value": option} for option in arguments["options"]]
    return {"choiceQuestion": {"type": CHOICES[arguments["type"]], "options": options}}


def _scale(arguments: Mapping[str, Json]) -> dict[str, Json]:
    ends = {name: int(arguments.get(name, usual)) for name, usual in (("low", 1), ("high", 5))}
    labels = {name: arguments[name] for name in ("lowLabel", "highLabel") if name in arguments}
    return {"scaleQuestion": ends | labels}


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Json]], dict[str, Json]]]] = {
    "text": lambda _: {"textQuestion": {"paragraph": False}},
    "paragraph": lambda _: {"textQuestion": {"paragraph": True}},
    "date": lambda _: {"dateQuestion": {"includeYear": True}},
    "time": lambda _: {"timeQuestion": {"duration": False}},
    "scale": _scale,
    **dict.fromkeys(CHOICES, _choice),
}
