"""What the box manifest can't say: uploads as a form, a redirect that is the answer, lists of two kinds of items."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import orjson

from integrations.action import ActionCall
from integrations.builtin.bare_http import send
from integrations.failures import ActionFailed, CredentialsRejected, NotFound
from integrations.form_data import FormFile, form_data
from integrations.ports import HttpRequest, Json

CONTENT: Final = "https://api.box.com/2.0/files/{}/content"


async def get_file_download_url(call: ActionCall) -> Json:
    """Where the content of a file is: Box redirects there, and nothing here follows it."""
    if call.credentials is None:
        raise CredentialsRejected("This connection has no access token; connect the account again.")
    token = call.credentials.values.get("access_token")
    # The inputs are checked: an id is digits.
    request = HttpRequest("GET", CONTENT.format(call.arguments["fileId"]), {"Authorization": f"Bearer {token}"})
    answer = await send(call.http, request, pointer="/fileId")
    location = answer.headers.get("location")
    if answer.status == HTTPStatus.FOUND and location:
        return {"url": location}
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            raise CredentialsRejected("Box no longer accepts this connection; connect the account again.")
        case HTTPStatus.NOT_FOUND:
            raise NotFound("Box has no such file, or this account can't see it.", status=answer.status)
        case HTTPStatus.ACCEPTED:
            raise ActionFailed("Box is not done with this file yet; try again in a moment.", status=answer.status)
        case _:
            raise ActionFailed(f"Box gave no address for this file (status {answer.status}).", status=answer.status)


async def upload_text_file(call: ActionCall) -> Json:
    """A new file of the text that was given."""
    given = call.arguments
    attributes = {"name": given["fileName"], "parent": {"id": given["parentFolderId"]}}
    file = FormFile(given["fileName"], given["contentType"], given["content"].encode())
    # Box reads the form as it comes, and wants to know what the file is before it begins.
    content, headers = form_data([("attributes", orjson.dumps(attributes).decode())], [("file", file)])
    answer: Json = (await call.api.send("POST", "files/content", content=content, headers=headers)).json
    return [_brief(uploaded) for uploaded in answer.get("entries", ())]


async def list_collaborations(call: ActionCall) -> Json:
    """With whom an item is shared; those of a folder come all at once."""
    given = call.arguments
    if given["itemType"] == "folder":
        found = await call.api.get("folders/{itemId}/collaborations", given)
    else:
        page = {"limit": given["limit"], "marker": given.get("marker")}
        found = await call.api.get("files/{itemId}/collaborations", given, query=page)
    items = [
        {name: entry.get(name) for name in ("id", "role", "status", "accessible_by", "invite_email", "expires_at")}
        for entry in found.get("entries", ())
    ]
    return {"items": items} | ({"next_marker": found["next_marker"]} if found.get("next_marker") else {})


async def delete_file(call: ActionCall) -> Json:
    """A file into the trash."""
    return await _deleted(call, "files/{itemId}")


async def delete_folder(call: ActionCall) -> Json:
    """A folder into the trash."""
    return await _deleted(call, "folders/{itemId}")


def _brief(uploaded: Mapping[str, Json]) -> Json:
    return {name: uploaded.get(name) for name in ("id", "name", "size", "parent", "created_at")}


async def _deleted(call: ActionCall, path: str) -> Json:
    await call.api.send("DELETE", path, call.arguments, query=call.arguments.get("payload", {}))
    return {"deleted": call.arguments["itemId"]}
