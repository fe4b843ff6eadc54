"""Twilio's own client for Python, where it asks another host than for everything else."""

from twilio.rest import Client

from tests.integrations.catalog.official.twilio import OFFICIAL as TWILIO
from tests.integrations.catalog.official.twilio import SID, TOKEN, connect
from tests.integrations.catalog.official_call import Call, Official

OFFICIAL = Official(
    integration="twilio",
    package="twilio",
    address=Client(SID, TOKEN).lookups.base_url,
    credentials=TWILIO.credentials,
    connect=connect,
    calls={
        "phone_number_lookup": Call(
            {"phone_number": "+15558675310", "fields": "caller_name"},
            lambda client: client.lookups.v2.phone_numbers("+15558675310").fetch(fields="caller_name"),
        ),
    },
)
