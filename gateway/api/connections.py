"""Connections over REST (contract 1.4). Secrets go in and never come out."""

from typing import Literal

from gateway.api.models import Answer, Moment, omitted
from storage import records


class Connection(Answer):
    """A connected account, without its credential."""

    id: str
    external_id: str
    display_name: str
    integration_name: str
    auth_method_key: str | None = omitted()
    type: str
    status: Literal["ACTIVE", "ERROR"]
    scope: Literal["ORGANIZATION", "WORKSPACE", "USER"]
    workspace_id: str | None = omitted()
    end_user_id: str | None = omitted()
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.Connection, *, end_user: str | None) -> "Connection":
        """Show a row; `end_user` is the external id of whoever owns it."""
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in _SHOWN},
                "end_user_id": end_user,
            }
        )


_SHOWN = frozenset(Connection.model_fields) - {"end_user_id"}
