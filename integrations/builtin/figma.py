"""What the figma manifest can't say: an input that is the whole body."""

from integrations.action import ActionCall
from integrations.notation import MISSING, find
from integrations.ports import Json


async def update_variables(call: ActionCall) -> Json:
    """All changes in one request: Figma makes all of them or none."""
    changes = call.arguments["payload"]
    answer = await call.api.post("v1/files/{fileKey}/variables", call.arguments, json=changes)
    ids = find(answer, "/meta/tempIdToRealId")
    return {"temp_id_to_real_id": {} if ids is MISSING else ids}
