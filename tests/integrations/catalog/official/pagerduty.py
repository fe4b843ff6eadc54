"""PagerDuty's own client for Python. It knows the paths of the API and what wraps a body, and refuses other paths."""

from collections.abc import Callable
from typing import Any, Final

import pagerduty

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_FROM: Final = "ada@example.com"


class _AtLoopback(pagerduty.RestApiV2Client):
    """The client as it is, save that it takes an address that is not https."""

    @property
    def url(self) -> str:
        return self._url

    @url.setter
    def url(self, new_base_url: str) -> None:
        self._url = new_base_url


def connect(address: str) -> pagerduty.RestApiV2Client:
    """The client with a key of a person."""
    return _AtLoopback("key1", default_from=None, base_url=address)


def got(path: str, **params: Any) -> Callable[[Any], object]:
    """Reads what is at `path`."""
    return closing(lambda client: client.rget(path, params=params))


def changed(status: str) -> Callable[[Any], object]:
    """Gives an incident another state."""
    return closing(
        lambda client: client.rput(
            "/incidents/P1", json={"type": "incident_reference", "status": status}, headers={"From": _FROM}
        )
    )


def closing(call: Callable[[Any], object]) -> Callable[[Any], object]:
    """The same call, with no connection left open behind it."""

    def closed(client: pagerduty.RestApiV2Client) -> object:
        with client:
            return call(client)

    return closed


OFFICIAL = Official(
    integration="pagerduty",
    package="pagerduty",
    address=pagerduty.RestApiV2Client("key1").url,
    credentials=Credentials("api_key", {"secret_text": "key1"}),
    connect=connect,
    calls={
        "list_incidents": Call(
            {
                "statuses": ["triggered", "acknowledged"],
                "serviceIds": ["S1"],
                "teamIds": ["T1"],
                "userIds": ["U1"],
                "since": "2026-11-01T00:00:00Z",
                "until": "2026-11-21T00:00:00Z",
                "urgency": "high",
                "limit": 10.0,
                "offset": 20,
            },
            got(
                "/incidents",
                statuses=["triggered", "acknowledged"],
                service_ids=["S1"],
                team_ids=["T1"],
                user_ids=["U1"],
                since="2026-11-01T00:00:00Z",
                until="2026-11-21T00:00:00Z",
                urgencies=["high"],
                limit=10,
                offset=20,
            ),
            answers=({"incidents": []},),
        ),
        "get_incident": Call({"incidentId": "P1"}, got("/incidents/P1"), answers=({"incident": {}},)),
        "create_incident": Call(
            {
                "title": "Down",
                "serviceId": "S1",
                "fromEmail": _FROM,
                "urgency": "high",
                "body": "All of it",
                "incidentKey": "k1",
            },
            closing(
                lambda client: client.rpost(
                    "/incidents",
                    json={
                        "type": "incident",
                        "title": "Down",
                        "service": {"id": "S1", "type": "service_reference"},
                        "urgency": "high",
                        "incident_key": "k1",
                        "body": {"type": "incident_body", "details": "All of it"},
                    },
                    headers={"From": _FROM},
                )
            ),
            answers=({"incident": {}},),
        ),
        "acknowledge_incident": Call(
            {"incidentId": "P1", "fromEmail": _FROM}, changed("acknowledged"), answers=({"incident": {}},)
        ),
        "resolve_incident": Call(
            {"incidentId": "P1", "fromEmail": _FROM}, changed("resolved"), answers=({"incident": {}},)
        ),
        "list_incident_notes": Call({"incidentId": "P1"}, got("/incidents/P1/notes"), answers=({"notes": []},)),
        "add_incident_note": Call(
            {"incidentId": "P1", "content": "Rebooted", "fromEmail": _FROM},
            closing(
                lambda client: client.rpost(
                    "/incidents/P1/notes", json={"content": "Rebooted"}, headers={"From": _FROM}
                )
            ),
            answers=({"note": {}},),
        ),
        "list_on_calls": Call(
            {
                "scheduleIds": ["S1", "S2"],
                "escalationPolicyIds": ["E1"],
                "userIds": ["U1"],
                "earliest": True,
                "since": "2026-11-21T00:00:00Z",
                "until": "2026-11-28T00:00:00Z",
            },
            got(
                "/oncalls",
                schedule_ids=["S1", "S2"],
                escalation_policy_ids=["E1"],
                user_ids=["U1"],
                earliest="true",
                since="2026-11-21T00:00:00Z",
                until="2026-11-28T00:00:00Z",
                limit=25,
            ),
            answers=({"oncalls": []},),
        ),
        "list_schedules": Call(
            {"query": "web", "include": ["schedule_layers"], "userIds": ["U1"]},
            got("/schedules", query="web", include=["schedule_layers"], user_ids=["U1"], limit=25),
            answers=({"schedules": []},),
        ),
        "get_schedule": Call(
            {"scheduleId": "S1", "since": "2026-11-21T00:00:00Z", "until": "2026-11-28T00:00:00Z"},
            got("/schedules/S1", since="2026-11-21T00:00:00Z", until="2026-11-28T00:00:00Z"),
            answers=({"schedule": {}},),
        ),
        "list_services": Call(
            {"query": "web", "teamIds": ["T1"], "include": ["integrations", "teams"]},
            got("/services", query="web", team_ids=["T1"], include=["integrations", "teams"], limit=25),
            answers=({"services": []},),
        ),
        "get_service": Call(
            {"serviceId": "S1", "include": ["teams"]},
            got("/services/S1", include=["teams"]),
            answers=({"service": {}},),
        ),
        "list_users": Call(
            {"query": "ada", "offset": 25}, got("/users", query="ada", limit=25, offset=25), answers=({"users": []},)
        ),
        "get_user": Call(
            {"userId": "U1", "include": ["contact_methods"]},
            got("/users/U1", include=["contact_methods"]),
            answers=({"user": {}},),
        ),
        "list_escalation_policies": Call(
            {"userIds": ["U1"]},
            got("/escalation_policies", user_ids=["U1"], limit=25),
            answers=({"escalation_policies": []},),
        ),
        "get_escalation_policy": Call(
            {"escalationPolicyId": "E1", "include": ["services"]},
            got("/escalation_policies/E1", include=["services"]),
            answers=({"escalation_policy": {}},),
        ),
    },
)
