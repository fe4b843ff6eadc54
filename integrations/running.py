"""Running one action: from validated arguments to a result, by request template or by Python function."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any, TypeAlias

from integrations.action import ActionCall, ActionResult, Answer, Ports
from integrations.answers import result_of, shaped
from integrations.auth_methods import AnyAuthMethod
from integrations.engine import DEFAULT_LIMITS, ConnectedApi, connect
from integrations.failures import ActionFailed
from integrations.inputs import segments_in
from integrations.manifest import Action, Manifest, Paging
from integrations.notation import MISSING
from integrations.outgoing import Outgoing, fill
from integrations.paging import collect
from integrations.ports import Credentials, Json
from integrations.requests import RequestTemplate

Function: TypeAlias = Callable[[ActionCall], Awaitable[Any]]


def method_of(manifest: Manifest, credentials: Credentials | None) -> AnyAuthMethod | None:
    """The auth method that `credentials` were made with.

    Raises:
        ActionFailed: the manifest no longer has it.
    """
    if credentials is None:
        return None
    found = next((method for method in manifest.auth if method.key == credentials.auth_method), None)
    if found is None:
        raise ActionFailed(f"{manifest.title} has no auth method {credentials.auth_method!r} any more: connect again.")
    return found


def connected(
    manifest: Manifest,
    credentials: Credentials | None,
    ports: Ports,
    *,
    base_url: str | None = None,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
) -> ConnectedApi:
    """The manifest's API bound to a connection, at `base_url` if that is given.

    Raises RuntimeError where the manifest has no `api`.
    """
    if manifest.api is None:
        raise RuntimeError(f"{manifest.name} has no api section")
    return connect(
        manifest.api,
        method=method_of(manifest, credentials),
        credentials=credentials,
        ports=ports,
        max_bytes=max_bytes,
        base_url=base_url,
    )


@dataclass(frozen=True)
class RequestAction:
    """An action that is one HTTP request (or one per page)."""

    manifest: Manifest
    action: Action
    request: RequestTemplate
    may_repeat: bool
    """Whether doing it twice is the same as doing it once."""

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        api = connected(
            self.manifest,
            credentials,
            ports,
            base_url=self.action.base_url,
            max_bytes=self.action.output.max_bytes,
        )
        paging = self.action.paging
        outgoing = fill(
            self.request, without_paging(arguments) if paging else arguments, segments_in(self.action.input)
        )
        if paging is not None:
            return await self._run_in_pages(paging, outgoing, api=api, arguments=arguments)
        answer = await api.exchange(outgoing, may_repeat=self.may_repeat)
        return result_of(answer, self.action.output, name=self.action.name)

    async def _run_in_pages(
        self, paging: Paging, outgoing: Outgoing, *, api: ConnectedApi, arguments: Mapping[str, Json]
    ) -> ActionResult:
        async def fetch(parameters: Mapping[str, Json]) -> Answer:
            return await api.exchange(with_parameters(outgoing, paging, parameters), may_repeat=self.may_repeat)

        found = await collect(paging, fetch, max_items=arguments.get("max_items"), cursor=arguments.get("cursor"))
        items = [shaped(item, self.action.output) for item in found.items]
        more = {"next_cursor": found.next_cursor} if found.next_cursor else {}
        return ActionResult({"items": items} | more)


def without_paging(arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """The arguments that are the request's own."""
    return {name: value for name, value in arguments.items() if name not in {"max_items", "cursor"}}


def with_parameters(outgoing: Outgoing, paging: Paging, parameters: Mapping[str, Json]) -> Outgoing:
    """`outgoing` with the paging parameters where the manifest wants them."""
    match paging.send_in:
        case "query":
            return replace(outgoing, query={**outgoing.query, **parameters})
        case "json":
            return replace(outgoing, json={**({} if outgoing.json is MISSING else outgoing.json), **parameters})
        case "form":
            return replace(outgoing, form={**(outgoing.form or {}), **parameters})


@dataclass(frozen=True)
class CodeAction:
    """An action that is a Python function."""

    manifest: Manifest
    action: Action

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        base_url = self.action.base_url
        max_bytes = self.action.output.max_bytes
        api = None
        if self.manifest.api is not None:
            api = connected(self.manifest, credentials, ports, max_bytes=max_bytes, base_url=base_url)
        result = await self._function(ActionCall(arguments, credentials, ports, api))
        return result if isinstance(result, ActionResult) else ActionResult(result)

    @cached_property
    def _function(self) -> Function:
        return function_of(self.action.code or "")


def function_of(reference: str) -> Function:
    """The function that `module:function` names.

    Raises:
        ValueError: it can't be imported, or is not an async function of one argument.
    """
    module_name, _, function_name = reference.partition(":")
    try:
        function = getattr(import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{reference} can't be imported: {error}") from error
    if not inspect.iscoroutinefunction(function):
        raise ValueError(f"{reference} is not an async function")
    if len(inspect.signature(function).parameters) != 1:
        raise ValueError(f"{reference} must take exactly one argument, the ActionCall")
    return function
