"""Gmail beside Google's own client, for the actions that the emulator lacks."""

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Official

ADA = "ada+lists@example.com"

OFFICIAL = Official(
    integration="gmail",
    package=PACKAGE,
    address=address_of("gmail", "v1"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "get_profile": asks({}, lambda google: google.gmail.users().getProfile(userId="me")),
        "get_send_as_alias": asks(
            {"sendAsEmail": ADA},
            lambda google: google.gmail.users().settings().sendAs().get(userId="me", sendAsEmail=ADA),
        ),
    },
)
