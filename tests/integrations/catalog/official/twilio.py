"""Twilio's own client for Python."""

from typing import Any
from urllib.parse import urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

SID, TOKEN = "AC" + "0" * 32, "token"
PAGE = {"end": 0, "next_page_uri": None}


class Elsewhere(TwilioHttpClient):
    """Goes to the given address, whatever host is meant: the client takes none."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        """Send the request to the same path here."""
        return super().request(method, self._address + urlsplit(url).path, *rest, **named)


def connect(address: str) -> Client:
    """The client for all of Twilio's hosts."""
    return Client(SID, TOKEN, http_client=Elsewhere(address))


def spoken(text: str, **how: str) -> str:
    """What Twilio's own writer of TwiML makes of it."""
    response = VoiceResponse()
    response.say(text, **how)
    return str(response)


OFFICIAL = Official(
    integration="twilio",
    package="twilio",
    address=Client(SID, TOKEN).api.base_url,
    credentials=Credentials("auth_token", {"username": SID, "password": TOKEN}),
    connect=connect,
    calls={
        "send_sms": Call(
            {"from": "+15017122661", "to": "+15558675310", "body": "Hi & bye", "media_url": "https://a.example/1.png"},
            lambda client: client.messages.create(
                from_="+15017122661", to="+15558675310", body="Hi & bye", media_url=["https://a.example/1.png"]
            ),
        ),
        "get_message": Call({"message_sid": "SM1"}, lambda client: client.messages("SM1").fetch()),
        "list_messages": Call(
            {"to": "+15558675310", "sent_after": "2026-01-31", "limit": 5.0},
            lambda client: client.messages.list(to="+15558675310", date_sent_after="2026-01-31", page_size=5),
            ({**PAGE, "messages": []},),
        ),
        "make_call": Call(
            {
                "from": "+15017122661",
                "to": "+15558675310",
                "message": 'Dinner <now> & "here", Zoë',
                "voice": "Polly.Joanna",
                "language": "en-US",
                "sendDigits": "ww1#",
                "timeout": 20,
            },
            lambda client: client.calls.create(
                from_="+15017122661",
                to="+15558675310",
                twiml=spoken('Dinner <now> & "here", Zoë', voice="Polly.Joanna", language="en-US"),
                send_digits="ww1#",
                timeout=20,
            ),
        ),
        "get_call": Call({"call_sid": "CA1"}, lambda client: client.calls("CA1").fetch()),
        "list_calls": Call(
            {"from": "+15017122661", "status": "busy", "limit": 5},
            lambda client: client.calls.list(from_="+15017122661", status="busy", page_size=5),
            ({**PAGE, "calls": []},),
        ),
        "end_call": Call({"call_sid": "CA1"}, lambda client: client.calls("CA1").update(status="completed")),
        "list_recordings": Call(
            {"call_sid": "CA1", "limit": 5},
            lambda client: client.recordings.list(call_sid="CA1", page_size=5),
            ({**PAGE, "recordings": []},),
        ),
        "list_phone_numbers": Call(
            {},
            lambda client: client.incoming_phone_numbers.list(page_size=100),
            ({**PAGE, "incoming_phone_numbers": []},),
        ),
        "get_balance": Call({}, lambda client: client.balance.fetch()),
        "phone_number_lookup": Call(
            {"phone_number": "+15558675310", "fields": "caller_name"},
            lambda client: client.lookups.v2.phone_numbers("+15558675310").fetch(fields="caller_name"),
            address=Client(SID, TOKEN).lookups.base_url,
        ),
    },
)
