"""What the clicksend manifest can't say: a confirmation that has to name what it is for."""

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json


async def delete_contact(call: ActionCall) -> Json:
    """Delete a contact, if whoever asks has written out which."""
    contact = call.arguments["contactId"]
    if call.arguments["confirm"] != f"DELETE {contact}":
        raise InvalidInput(f"to delete this contact for good, confirm must be: DELETE {contact}", path="/confirm")
    await call.api.send(
        "DELETE", "lists/{list}/contacts/{contact}", {"list": call.arguments["listId"], "contact": contact}
    )
    return {"deleted": True, "contact_id": contact}
