"""Sentry's own client, for Node, generated from its API's description."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_ORG: Final = {"organization": "acme"}
_ISSUE: Final = {**_ORG, "issueId": "45"}
_RELEASE: Final = {**_ORG, "version": "web@1.4/0"}
_FILE: Final = {**_RELEASE, "fileId": "7"}
_NONE: Final = ([],)

OFFICIAL = Official(
    integration="sentry",
    package="@sentry/api",
    credentials=Credentials("auth_token", {"secret_text": "sntryu_1", "host": "us.sentry.io"}),
    calls={
        "list_organizations": Call({}, answers=_NONE),
        "list_projects": Call(_ORG, answers=_NONE),
        "list_teams": Call(_ORG, answers=_NONE),
        "list_issues": Call(
            {**_ORG, "project": "web", "query": "is:unresolved level:error", "sort": "freq"}, answers=_NONE
        ),
        "get_issue": Call(_ISSUE),
        "update_issue": Call(
            {
                **_ISSUE,
                "status": "ignored",
                "substatus": "archived_forever",
                "assignedTo": "team:42",
                "priority": "low",
                "inbox": False,
                "hasSeen": True,
            }
        ),
        "resolve_issue": Call(_ISSUE),
        "bulk_update_issues": Call(
            {
                **_ORG,
                "issueIds": ["45", "46"],
                "projectIds": ["-1"],
                "environments": ["production"],
                "query": "level:error",
                "filterStatus": "unresolved",
                "limit": 10.0,
                "status": "resolved",
                "statusDetails": {"inNextRelease": True},
            }
        ),
        "bulk_delete_issues": Call({**_ORG, "issueIds": ["45", "46"]}),
        "list_events": Call(_ISSUE, answers=_NONE),
        "get_event": Call({**_ORG, "project": "web", "eventId": "e1", "environments": ["production", "staging"]}),
        "list_releases": Call(_ORG, answers=_NONE),
        "create_release": Call(
            {**_RELEASE, "projects": ["web"], "refs": [{"repository": "acme/web", "commit": "abc"}]}
        ),
        "list_deploys": Call(_RELEASE, answers=_NONE),
        "create_deploy": Call({**_RELEASE, "environment": "production", "name": "d1", "url": "https://example.com"}),
        "list_release_files": Call(_RELEASE, answers=_NONE),
        "get_release_file": Call(_FILE),
        "delete_release_file": Call(_FILE),
    },
)
