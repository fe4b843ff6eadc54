"""What a handler is given, and how a route is described."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, Literal, TypeAlias, TypeVar, get_args, get_type_hints

from gateway.api.models import Answer, Body, Query
from gateway.principals import Anybody, ApiKeyPrincipal, ServicePrincipal
from gateway.wiring import Gateway
from storage.scope import TenantScope

B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)

DEFAULT_BODY_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Call(Generic[B, Q]):
    """One request, understood: who calls, with what."""

    caller: ApiKeyPrincipal | ServicePrincipal | Anybody
    body: B
    query: Q
    path: Mapping[str, str]
    """Ids in the path in canonical form; one that can't be an id is the empty string, which no row has."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def scope(self) -> TenantScope:
        """Whose rows the caller may touch."""
        return self.caller.scope


class Access(StrEnum):
    """Who may use a route. The service key stands for an organization-wide key of the one that X-Org-ID names."""

    KEY = "API key"
    ORGANIZATION = "organization-wide API key"
    SERVICE = "service key"
    ANYBODY = "a token in the body"


Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

Handler: TypeAlias = Callable[[Gateway, Call[Any, Any]], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One line of the route table.

    The rest is said by the handler: its annotations name the models of body, query and answer, its docstring is the
    summary.
    """

    method: Method
    path: str
    handler: Handler
    access: Access = Access.KEY
    status: int = 200
    max_body_bytes: int = DEFAULT_BODY_BYTES

    @cached_property
    def body(self) -> type[Body]:
        """The model of the request's body."""
        return self._models[0]

    @cached_property
    def query(self) -> type[Query]:
        """The model of the query parameters."""
        return self._models[1]

    @cached_property
    def answers(self) -> tuple[type[Answer], ...]:
        """The models of a successful answer; several where the query decides."""
        answer = get_type_hints(self.handler)["return"]
        return get_args(answer) or (answer,)

    @property
    def takes_body(self) -> bool:
        """Tell whether the method carries a body."""
        return self.method in {"POST", "PUT", "PATCH"}

    @property
    def summary(self) -> str:
        """What the route does, in a sentence."""
        return (self.handler.__doc__ or "").strip().split("\n", 1)[0]

    @property
    def description(self) -> str:
        """What else there is to know."""
        return " ".join((self.handler.__doc__ or "").partition("\n")[2].split())

    @cached_property
    def _models(self) -> tuple[type[Body], type[Query]]:
        body, query = get_args(get_type_hints(self.handler)["call"])
        return body, query
