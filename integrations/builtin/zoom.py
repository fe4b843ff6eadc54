"""What the zoom manifest can't say: inputs that are members of an object which is an input too."""

from integrations.action import ActionCall
from integrations.ports import Json

_MEETING = ("topic", "start_time", "duration", "timezone", "agenda", "password")
_REGISTRANT = ("email", "first_name", "last_name", "auto_approve")
_MADE = ("id", "uuid", "topic", "type", "start_time", "duration", "timezone", "join_url", "password")


async def create_meeting(call: ActionCall) -> Json:
    """Create a meeting. Of the answer without its settings, which repeat the account's defaults."""
    given = call.arguments
    meeting = {name: given[name] for name in _MEETING if name in given}
    if "type" in given:
        meeting["type"] = int(given["type"])
    settings = dict(given.get("settings", {}))
    if "auto_recording" in given:
        settings["auto_recording"] = given["auto_recording"]
    if settings:
        meeting["settings"] = settings
    made = await call.api.post("users/{user}/meetings", {"user": given["userId"]}, json=meeting)
    return {name: made.get(name) for name in _MADE}


async def create_registrant(call: ActionCall) -> Json:
    """Sign somebody up for a meeting; what is said outside the payload counts."""
    given = call.arguments
    registrant = {**given.get("payload", {}), **{name: given[name] for name in _REGISTRANT if name in given}}
    return await call.api.post("meetings/{id}/registrants", {"id": given["meeting_id"]}, json=registrant)
