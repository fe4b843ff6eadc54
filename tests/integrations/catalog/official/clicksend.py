"""ClickSend's own client for Python."""

from dataclasses import dataclass
from typing import Any

from clicksend import ApiClient, Configuration, ContactsApi, ListsApi, ManagementApi, MmsApi, SmsApi
from clicksend.models.calculate_sms_price_request import CalculateSmsPriceRequest
from clicksend.models.create_new_contact_request import CreateNewContactRequest
from clicksend.models.send_mms_request import SendMmsRequest
from clicksend.models.send_sms_request import SendSmsRequest

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official


@dataclass(frozen=True)
class Client:
    """The parts of the client, over one connection."""

    sms: Any
    mms: Any
    lists: Any
    contacts: Any
    management: Any


def connect(address: str) -> Client:
    """Each part of the API is a class of its own."""
    api = ApiClient(Configuration(host=address, username="ada", password="key"))
    return Client(SmsApi(api), MmsApi(api), ListsApi(api), ContactsApi(api), ManagementApi(api))


OFFICIAL = Official(
    integration="clicksend",
    package="clicksend-client",
    address=Configuration().host,
    credentials=Credentials("basic", {"username": "ada", "password": "key"}),
    connect=connect,
    calls={
        "send_sms": Call(
            {
                "to": "+61411111111",
                "body": "Grüße & more",
                "from": "Acme",
                "source": "toolgate",
                "customString": "order 7",
                "schedule": 1795262460.0,
            },
            lambda client: client.sms.send_sms(
                send_sms_request=SendSmsRequest.from_dict(
                    {
                        "messages": [
                            {
                                "to": "+61411111111",
                                "body": "Grüße & more",
                                "from": "Acme",
                                "source": "toolgate",
                                "custom_string": "order 7",
                                "schedule": 1795262460,
                            }
                        ]
                    }
                )
            ),
        ),
        "send_mms": Call(
            {"to": "+61411111111", "body": "Look", "mediaUrl": "https://a.example/1.png", "subject": "Picture"},
            lambda client: client.mms.send_mms(
                send_mms_request=SendMmsRequest.from_dict(
                    {
                        "media_file": "https://a.example/1.png",
                        "messages": [
                            {"to": "+61411111111", "body": "Look", "subject": "Picture", "source": "toolgate"}
                        ],
                    }
                )
            ),
        ),
        "list_sms_history": Call(
            {"dateFrom": 1795262460.0, "page": 2, "limit": 50},
            lambda client: client.sms.view_sms_history(date_from=1795262460, page=2, limit=50),
        ),
        "list_inbound_sms": Call(
            {"page": 2, "limit": 50}, lambda client: client.sms.view_inbound_sms(page=2, limit=50)
        ),
        "cancel_scheduled_sms": Call({"messageId": "M1"}, lambda client: client.sms.cancel_sms("M1")),
        "calculate_sms_price": Call(
            {"to": "+61411111111", "body": "Hi"},
            lambda client: client.sms.calculate_sms_price(
                calculate_sms_price_request=CalculateSmsPriceRequest.from_dict(
                    {"messages": [{"to": "+61411111111", "body": "Hi"}]}
                )
            ),
        ),
        "list_contact_lists": Call({}, lambda client: client.lists.view_lists()),
        "list_contacts": Call({"listId": 7.0}, lambda client: client.lists.view_list_contacts("7")),
        "create_contact": Call(
            {"listId": 7, "phoneNumber": "+61411111111", "firstName": "Ada", "email": "ada@example.com"},
            lambda client: client.lists.create_new_contact(
                "7",
                create_new_contact_request=CreateNewContactRequest(
                    phone_number="+61411111111", first_name="Ada", email="ada@example.com"
                ),
            ),
        ),
        "delete_contact": Call(
            {"listId": 7, "contactId": 8, "confirm": "DELETE 8"},
            lambda client: client.contacts.delete_contact("7", "8"),
        ),
        "get_account": Call({}, lambda client: client.management.view_account_details()),
    },
)
