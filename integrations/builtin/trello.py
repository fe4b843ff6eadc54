"""What the trello manifest can't say: lists of cards and people come from one of two places."""

from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

_CARD_FIELDS = "name,desc,idBoard,idList,idMembers,idLabels,due,dueComplete,closed,shortUrl,dateLastActivity"


_CARD: Final = {
    "listId": "idList",
    "name": "name",
    "description": "desc",
    "due": "due",
    "memberIds": "idMembers",
    "labelIds": "idLabels",
    "position": "pos",
}


async def create_card(call: ActionCall) -> Json:
    """Put a card on a list; its board is asked for only to look things up."""
    card = {theirs: call.arguments[ours] for ours, theirs in _CARD.items() if ours in call.arguments}
    made = await call.api.post("cards", json=card)
    return {"id": made["id"], "name": made.get("name"), "list_id": made.get("idList"), "address": made.get("shortUrl")}


async def list_cards(call: ActionCall) -> Json:
    """The cards of a list, or of a whole board."""
    given = call.arguments
    query = {"fields": given.get("fields", _CARD_FIELDS), "filter": given.get("filter")}
    if given.get("listId"):
        return await call.api.get("lists/{listId}/cards", given, query=query)
    if given.get("boardId"):
        return await call.api.get("boards/{boardId}/cards", given, query=query)
    raise InvalidInput("Say of which list or board: give listId or boardId.", path="/listId")


async def list_members(call: ActionCall) -> Json:
    """The people of a board, or of a card."""
    given = call.arguments
    if given.get("cardId"):
        return await call.api.get("cards/{cardId}/members", given)
    if given.get("boardId"):
        return await call.api.get("boards/{boardId}/members", given)
    raise InvalidInput("Say of which board or card: give boardId or cardId.", path="/boardId")


async def get_card(call: ActionCall) -> Json:
    """One card, with members and checklists where they are asked for."""
    given = call.arguments
    query: dict[str, Json] = {"fields": given["fields"]}
    if given.get("includeMembers"):
        query |= {"members": True, "member_fields": "fullName,username"}
    if given.get("includeChecklists"):
        query |= {"checklists": "all", "checklist_fields": "name"}
    return await call.api.get("cards/{cardId}", given, query=query)
