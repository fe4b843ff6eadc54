"""What the twilio manifest can't say: the small XML document that tells Twilio what to say on a call."""

from xml.etree.ElementTree import Element, SubElement, tostring

from integrations.action import ActionCall
from integrations.ports import Json

_WIRE_NAMES = {"from": "From", "to": "To", "sendDigits": "SendDigits", "timeout": "Timeout"}


async def make_call(call: ActionCall) -> Json:
    """Call a number and read a text to it."""
    given = call.arguments
    form = {wire: given[name] for name, wire in _WIRE_NAMES.items() if given.get(name) is not None}
    answer = await call.api.send("POST", "Calls.json", form={**form, "Twiml": _spoken(call)})
    return {name: answer.json.get(name) for name in ("sid", "status", "to", "from")}


def _spoken(call: ActionCall) -> str:
    """TwiML (https://www.twilio.com/docs/voice/twiml/say) that reads the message."""
    response = Element("Response")
    attributes = {name: call.arguments[name] for name in ("language", "voice") if call.arguments.get(name)}
    SubElement(response, "Say", attributes).text = call.arguments["message"]
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")
