"""The story of a call, told once: arguments, account, credential, action. Every face joins here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

import structlog

from gateway.connections.choice import is_active
from gateway.connections.credentials import CredentialSafe
from gateway.connections.last_use import LastUse
from gateway.connections.missing_scopes import lacking_scopes
from gateway.connections.refresh import Refresh
from gateway.connections.resolver import Resolver, Wanted
from gateway.errors import ActionFailed, ToolgateError, Unavailable
from gateway.kit.cipher import SealBroken
from gateway.principals import Caller
from gateway.tools.arguments import Arguments
from gateway.tools.state import States
from gateway.tools.tool import Instance
from gateway.upstreams.approvals import Approvals
from gateway.upstreams.conversation import NOBODY, Conversation
from gateway.upstreams.upstreams import Upstreams
from integrations import failures
from integrations.action import ActionResult, Ports
from integrations.auth_methods import OAuth2
from integrations.integration import Action, Integration
from integrations.ports import Credentials, Http
from storage.records import Connection

_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Invocation:
    """An action to run: of which instance, with what input, and with which account if the request names one."""

    integration: Integration
    action: Action
    instance: Instance | None
    alias: str | None
    arguments: Mapping[str, Any] = field(repr=False)
    connection_id: str | None = None
    """The connection that a manual tool is pinned to."""
    selected: Connection | None = None
    """The connection that the request itself chose; it goes before everything."""
    conversation: Conversation = field(default=NOBODY, repr=False)
    """Who hears of progress and answers questions, where the action is a remote MCP server's."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, and by which account."""

    result: ActionResult
    connection: Connection | None


@dataclass(frozen=True, slots=True)
class Outside:
    """What actions reach: HTTP, state, remote MCP servers."""

    http: Http
    states: States
    upstreams: Upstreams
    approvals: Approvals

    def of(self, caller: Caller, invocation: Invocation, connection: Connection | None) -> Ports:
        """Return what one action of one caller reaches, with this account."""
        account = "" if connection is None else connection.id
        listed = partial(self.approvals.listed, caller.organization_id, invocation.integration, account=account)
        return Ports(
            http=self.http,
            state=self.states.of(caller, invocation.integration, invocation.instance),
            mcp=self.upstreams.on_behalf_of(invocation.conversation, caller=caller, listed=listed),
        )


class Execution:
    """Runs actions."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        refresh: Refresh,
        last_use: LastUse,
        safe: CredentialSafe,
        arguments: Arguments,
        outside: Outside,
        timeout_seconds: float,
    ) -> None:
        self._resolver = resolver
        self._refresh = refresh
        self._last_use = last_use
        self._safe = safe
        self._arguments = arguments
        self._outside = outside
        self._timeout_seconds = timeout_seconds

    async def run(self, caller: Caller, invocation: Invocation) -> Outcome:
        """Run one action for `caller`.

        Raises `ValidationFailed` (the input does not fit), `ConnectionRequired`, `ActionFailed`, `Unavailable`.
        """
        self._arguments.check(invocation.action, invocation.arguments)
        connection = await self._account(caller, invocation)
        try:
            return await self._attempt(caller, invocation, connection)
        except failures.CredentialsRejected as error:
            renewed = await self._renewed(caller, invocation, connection=connection, error=error)
        try:
            return await self._attempt(caller, invocation, renewed)
        except failures.CredentialsRejected as error:
            raise await self._rejected(caller, invocation, connection=renewed, error=error) from error

    async def _attempt(self, caller: Caller, invocation: Invocation, connection: Connection | None) -> Outcome:
        """Run the action with this connection's credential. Raises also `failures.CredentialsRejected`."""
        credentials = self._opened(connection)
        if connection is not None:
            self._last_use.note(connection.id)
        ports = self._outside.of(caller, invocation, connection)
        try:
            # The time of a remote MCP server is measured there: it starts anew with progress, and stands while a
            # person is asked.
            async with asyncio.timeout(None if invocation.integration.is_mcp_server else self._timeout_seconds):
                result = await invocation.action.run(invocation.arguments, credentials, ports)
        except TimeoutError as error:
            raise ActionFailed(
                f"{invocation.integration.title} took longer than {self._timeout_seconds:g} seconds; "
                "it is not known whether the action had its effect",
                reason="timed_out",
            ) from error
        except failures.CredentialsRejected:
            raise
        except failures.ActionFailed as error:
            raise await self._refusal(caller, invocation, connection, error) from error
        return Outcome(result, connection)

    async def _refusal(
        self, caller: Caller, invocation: Invocation, connection: Connection | None, error: failures.ActionFailed
    ) -> ToolgateError:
        """Say what went wrong; where it is a permission that the account was never given, where to give it.

        Only once the provider has refused: what scopes include others its manifest may not know, and a call that
        would have worked must not be stopped.
        """
        if connection is None:
            return _told(error)
        scopes = _scopes_lacked(invocation.action, connection, error)
        if not scopes and (scopes := _scopes_asked_for(invocation.integration, connection, error)):
            await self._refresh.mark_lacking(connection, scopes)
        if not scopes:
            return _told(error)
        return await self._resolver.refusal_for_scopes(caller, wanted_by(invocation), connection, scopes)

    async def _account(self, caller: Caller, invocation: Invocation) -> Connection | None:
        action = invocation.action
        if not action.auth_methods:
            return None
        if invocation.selected is not None and not is_active(invocation.selected):
            raise self._resolver.refusal_of_selected(invocation.selected)
        connection = invocation.selected or await self._resolver.require(caller, wanted_by(invocation))
        if connection.auth_method_key not in action.auth_methods:
            raise ActionFailed(
                f"{action.title} needs an account connected by {' or '.join(action.auth_methods)}; "
                f"this one was connected by {connection.auth_method_key}",
                reason="wrong_auth_method",
            )
        connection = await self._refresh.fresh(connection)
        if not is_active(connection):
            raise await self._refused(caller, invocation, why=connection.last_error or _NO_LONGER_ACCEPTED)
        return connection

    async def _renewed(
        self,
        caller: Caller,
        invocation: Invocation,
        *,
        connection: Connection | None,
        error: failures.CredentialsRejected,
    ) -> Connection:
        """Return the connection with a newer credential. Raises what to tell the caller where there is none."""
        renewed = None if connection is None else await self._refresh.after_rejection(connection)
        if renewed is None:
            raise await self._rejected(caller, invocation, connection=connection, error=error) from error
        if not is_active(renewed):
            raise await self._refused(caller, invocation, why=error.message) from error
        return renewed

    def _opened(self, connection: Connection | None) -> Credentials | None:
        if connection is None:
            return None
        try:
            return self._safe.open(connection)
        except SealBroken as error:
            _log.error("credential can't be opened", connection_id=connection.id)
            raise Unavailable(
                "the credential of this connection can't be opened; tell whoever runs Toolgate"
            ) from error

    async def _rejected(
        self,
        caller: Caller,
        invocation: Invocation,
        *,
        connection: Connection | None,
        error: failures.CredentialsRejected,
    ) -> Exception:
        """Mark the connection, then say where to reconnect."""
        if connection is None:
            return _told(error)
        await self._refresh.mark_rejected(connection, error.message)
        return await self._refused(caller, invocation, why=error.message)

    async def _refused(self, caller: Caller, invocation: Invocation, *, why: str) -> Exception:
        """Say where to reconnect, exactly as the next call will be told."""
        if invocation.selected is not None:
            return self._resolver.refusal_of_selected(invocation.selected)
        wanted = wanted_by(invocation)
        resolution = await self._resolver.resolve(caller, wanted)
        if resolution.choice.connection is not None:
            # Another account, or a newer credential of the same one, is there already: the next call uses it.
            return ActionFailed(f"{why}; call again", reason="credentials_rejected")
        return await self._resolver.refusal(caller, wanted, resolution)


_NO_LONGER_ACCEPTED = "the provider no longer accepts the credential of this account"


def wanted_by(invocation: Invocation) -> Wanted:
    """Say for what an invocation needs an account."""
    return Wanted(
        integration_name=invocation.integration.name,
        workspace_integration_id=invocation.instance.id if invocation.instance is not None else None,
        alias=invocation.alias,
        connection_id=invocation.connection_id,
    )


def _scopes_lacked(action: Action, connection: Connection, error: failures.ActionFailed) -> list[str]:
    """Return which of the scopes that the connection is known to lack would have made the difference."""
    match error:
        case failures.PermissionMissing():
            named = error.needed
        case failures.NotFound():
            # What some providers answer to whoever may not see a thing.
            named = ()
        case _:
            return []
    needed = {*named, *action.scopes.get(connection.auth_method_key or "", ())}
    return [scope for scope in connection.missing_scopes or () if scope in needed]


def _scopes_asked_for(integration: Integration, connection: Connection, error: failures.ActionFailed) -> list[str]:
    """Return which scopes a remote MCP server wants besides, whether or not its integration ever named them.

    None where all of them were granted: asking again would change nothing.
    """
    if not integration.is_mcp_server or not isinstance(error, failures.PermissionMissing):
        return []
    method = integration.auth_method(connection.auth_method_key)
    return lacking_scopes(method, error.needed, connection.granted_scopes or ()) if isinstance(method, OAuth2) else []


def _told(error: failures.ActionFailed) -> ActionFailed:
    """Turn an integration's failure into the product's: the provider's words, then what helps the caller go on.

    What helps stands in the message too, because many agents are shown nothing else.
    """
    message = error.message
    details: dict[str, Any] = {"reason": _REASONS.get(type(error), "provider_error"), "status": error.status}
    match error:
        case failures.InvalidInput():
            details["path"] = error.path or None
        case failures.PermissionMissing() if error.needed:
            details["neededScopes"] = list(error.needed)
            message = f"{message} (needed: {', '.join(error.needed)})"
        case failures.RateLimited() if error.retry_after is not None:
            details["retryAfter"] = ceil(error.retry_after)
            message = f"{message} (wait {details['retryAfter']} seconds before calling again)"
        case _:
            pass
    return ActionFailed(message, **{name: value for name, value in details.items() if value is not None})


_REASONS: Mapping[type[failures.ActionFailed], str] = {
    failures.InvalidInput: "invalid_input",
    failures.NotFound: "not_found",
    failures.CredentialsRejected: "credentials_rejected",
    failures.PermissionMissing: "permission_missing",
    failures.RateLimited: "rate_limited",
    failures.ProviderUnavailable: "provider_unavailable",
    failures.ProviderTimedOut: "timed_out",
    failures.ToolChanged: "tool_changed",
}
