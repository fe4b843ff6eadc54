"""The manifest format: what a YAML file under `catalog/` may say. `docs/manifest.md` explains it to authors."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from integrations.auth_methods import AnyAuthMethod
from integrations.inputs import Input, ObjectSchema
from integrations.notation import Many, Model, Name, Pointer, UrlTemplate, WebUrl
from integrations.ports import Json
from integrations.requests import RequestTemplate

Category: TypeAlias = Literal[
    "AI", "ANALYTICS", "COMMERCE", "COMMUNICATION", "CONTENT_AND_FILES", "CUSTOMER_SUPPORT", "DEVELOPER_TOOLS",
    "FINANCE", "FORMS_AND_SURVEYS", "HR_AND_RECRUITING", "MARKETING", "PROJECT_MANAGEMENT", "PRODUCTIVITY",
    "SALES_AND_CRM",
]  # fmt: skip

Pointers: TypeAlias = Pointer | Many[Pointer]
"""One pointer, or several that are tried in turn."""

Code: TypeAlias = Annotated[str, Field(pattern=r"^[a-z_][\w.]*:[a-z_]\w*$")]
"""`module.path:function`, an `async def run(call: ActionCall) -> ActionResult | Json`."""

Scopes: TypeAlias = Many[str] | Mapping[str, Many[str]]
"""OAuth scopes that a call needs: one list for every OAuth method, or a list per auth method key."""


class Failure(Model):
    """What a failed answer looks like, beyond its HTTP status. Codes are compared as text."""

    when: Mapping[Pointer, Json] = {}
    """A 2xx answer in which any of these pointers finds this value is a failure (`/ok: false`)."""
    when_present: Pointers = ()
    """A 2xx answer in which any of these finds something is a failure (GraphQL: `/errors/0`)."""
    message: Pointers = ()
    """Where the provider says what was wrong; several that are found are joined."""
    code: Pointers = ()
    """Where the machine-readable code stands; `message` if absent."""
    reconnect_on: Many[str | int] = ()
    """Codes that mean: this credential no longer works, the person has to connect again."""
    permission_on: Many[str | int] = ()
    """Codes that mean: the credential lacks a scope or a right."""
    rate_on: Many[str | int] = ()
    """Codes that mean: too many requests."""
    not_found_on: Many[str | int] = ()
    """Codes that mean: no such thing."""
    invalid_on: Many[str | int] = ()
    """Codes that mean: the caller's input is at fault."""
    needed: Pointer | None = None
    """Where a permission failure names the scopes that would do (text, or a list)."""


class Retry(Model):
    """When a refused request is sent again. Only read-only and idempotent actions repeat what reached the provider."""

    statuses: Many[int] = (429, 503)
    after_header: str = "retry-after"
    """Seconds or an HTTP date."""
    reset_header: str | None = None
    """Unix time, or seconds, at which the limit is lifted (`x-ratelimit-reset`)."""
    remaining_header: str | None = None
    """Where "0" makes a 403 a rate limit (`x-ratelimit-remaining`)."""
    attempts: Annotated[int, Field(ge=1, le=5)] = 3
    max_wait_seconds: Annotated[float, Field(ge=0, le=60, strict=False)] = 10.0
    """Longest time to wait in all; a longer wish of the provider is handed to the caller instead."""


class PagingBase(Model):
    """What all kinds of paging share.

    An action with paging takes `max_items` and `cursor`, and answers `{items, next_cursor}` (the latter only
    when more is left).
    """

    items: Pointer
    """Where the list stands in the answer ("" if the answer is the list)."""
    limit_param: str | None = None
    """Parameter that asks for a page size."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """The largest page size the provider allows."""
    send_in: Literal["query", "json", "form"] = "query"
    """Where the paging parameters go."""


class LinkPaging(PagingBase):
    """The next page is a link: in the Link header (rel="next"), or in the answer at `next`."""

    style: Literal["link"]
    next: Pointer | None = None
    """Where the next address stands in the answer; the Link header if absent."""
    cursor_param: str = "page"
    """Which of the link's query parameters carries the position. Only this one is taken over."""


class CursorPaging(PagingBase):
    """The answer names the cursor of the next page."""

    style: Literal["cursor"]
    cursor_param: str
    """Parameter that carries the cursor."""
    next: Pointer | None = None
    """Where the next cursor stands; empty, null or absent on the last page."""
    last: Pointer | None = None
    """Or: the next cursor is this part of the last item (`/id`)."""
    more: Pointer | None = None
    """Where the answer says whether more is left (true or false)."""

    @model_validator(mode="after")
    def _next_or_last(self) -> "CursorPaging":
        if (self.next is None) == (self.last is None):
            raise ValueError("cursor paging has exactly one of next and last")
        return self


class OffsetPaging(PagingBase):
    """The next page starts after the items seen so far (`offset`), or is the next number (`page`)."""

    style: Literal["offset", "page"]
    param: str
    """Parameter that carries the offset or the page number."""
    first: int = 0
    """Number of the first item or page."""
    more: Pointer | None = None
    """Where the answer says whether more is left; if absent, a page shorter than its size is the last."""
    total: Pointer | None = None
    """Where the answer says how many items there are in all."""


Paging: TypeAlias = Annotated[LinkPaging | CursorPaging | OffsetPaging, Field(discriminator="style")]


class Api(Model):
    """What all requests of the integration share."""

    base_url: UrlTemplate
    """Every request stays below this address. May hold `{name}`s of the connection."""
    hosts: Many[str] = ()
    """Hosts that addresses with a `{name}` in them may lead to (`*.salesforce.com`); empty: the egress policy decides.

    Required where the `{name}` is kept from a provider's answer.
    """
    headers: Mapping[str, str] = {}
    """Fixed headers; values may hold `{name}`s of the connection."""
    query: Mapping[str, str] = {}
    failure: Failure = Failure()
    retry: Retry = Retry()
    timeout_seconds: Annotated[float, Field(gt=0, le=300, strict=False)] = 30.0


class Hints(Model):
    """What a client may tell its user beforehand. Absent ones follow from the HTTP method."""

    read_only: bool | None = None
    """Changes nothing (default: GET)."""
    destructive: bool | None = None
    """May remove or overwrite (default: DELETE)."""
    idempotent: bool | None = None
    """Twice is the same as once (default: GET, PUT, DELETE)."""
    open_world: bool | None = None
    """Deals with the world outside (default: actions with a request)."""


class Output(Model):
    """What of the answer is handed on."""

    pick: Pointer = ""
    """This part only."""
    shape: Mapping[str, Pointer] = {}
    """An object with these keys, each a pointer into the picked part (into every element, if that is a list)."""
    max_bytes: Annotated[int, Field(ge=1, le=20 * 1024 * 1024)] = 5 * 1024 * 1024
    """Largest answer accepted from the provider."""


class Action(Model):
    """One thing that can be done."""

    name: str
    """Unique among actions; becomes the tool name's second half."""
    title: str
    description: str | None = None
    """For the model: what it does, when to use it, what it returns."""
    hints: Hints = Hints()
    auth_methods: Many[str] = ()
    """Keys of the auth methods it works with; empty means all."""
    scopes: Scopes | None = None
    input: Mapping[Name, Input] = {}
    """The inputs, each a JSON Schema with the extra keys of `Input`. Required unless `optional: true`."""
    schema_: ObjectSchema | None = Field(default=None, alias="schema")
    """Instead of `input`: a full JSON Schema of an object (no `$ref`)."""
    request: RequestTemplate | None = None
    code: Code | None = None
    base_url: WebUrl | None = None
    """Where this action's requests go, if not below `api.base_url`: some providers keep files on another host."""
    output: Output = Output()
    paging: Paging | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Action":
        if (self.request is None) == (self.code is None):
            raise ValueError("an action has exactly one of request and code")
        if self.input and self.schema_ is not None:
            raise ValueError("an action has input or schema, not both")
        if self.paging is not None and self.request is None:
            raise ValueError("paging needs a request")
        return self


class OptionLookup(Model):
    """Where the choices for an input come from. Inputs refer to it by name."""

    title: str
    description: str | None = None
    request: RequestTemplate
    """May hold `{search}` and the names in `depends_on`. Without `{search}` labels are searched on our side."""
    base_url: WebUrl | None = None
    """Where `request` goes, if not below `api.base_url`."""
    items: Pointer = ""
    """Where the list stands in the answer."""
    value: Pointer
    """The value of one element (or several pointers)."""
    label: Pointers
    """What a person sees: the first of these that finds text."""
    depends_on: Many[Name] = ()
    """Inputs that must be known first; usable as `{name}` in the request."""
    paging: Paging | None = None
    auth_methods: Many[str] = ()
    scopes: Scopes | None = None


class Trigger(Model):
    """An event that the integration can report."""

    name: str
    title: str
    description: str | None = None
    type: Literal["WEBHOOK", "POLLING", "APP_WEBHOOK"] = "WEBHOOK"
    input: Mapping[Name, Input] = {}
    sample: Json = None
    """An example of the event's data."""


class Verified(Model):
    """When the entry was last compared with the provider's documentation, and where."""

    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    sources: Many[WebUrl] = ()


class McpServer(Model):
    """A remote MCP server (Streamable HTTP) whose tools are the integration's actions."""

    url: WebUrl
    tools: Many[Mapping[str, Json]] | None = None
    """Definitions as they were approved (MCP, Tool). Others that the server shows later are held back until they are
    approved too; None: nobody has been able to list them yet, and what comes first is approved."""
    withheld: Many[str] = ()
    """Names of approved tools that the server describes otherwise now: neither listed nor called until approved anew."""
    capabilities: Mapping[str, Json] = {}
    """What else it said it has, when its tools were listed (MCP, ServerCapabilities)."""
    instructions: str | None = None
    """What it tells models about itself."""


class Manifest(Model):
    """One integration: the whole YAML file."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
    """Unique in the catalogue; also the file's name."""
    title: str
    description: str | None = None
    logo: WebUrl | None = None
    categories: Many[Category] = ()
    docs_url: WebUrl | None = None
    verified: Verified | None = None
    limits: str | None = None
    """What the provider lets through, in a sentence or two: rates, sizes, what costs extra."""
    auth: Many[AnyAuthMethod] = ()
    """Ways to connect an account, the usual one first; empty: nothing to connect."""
    scope_titles: Mapping[str, str] = {}
    """What OAuth scopes allow, in words for the person who is asked (`chat:write: Send messages`)."""
    api: Api | None = None
    """Absent only where every action is Python that needs no API."""
    mcp: McpServer | None = None
    """Instead of `api` and `actions`: the remote MCP server that has the tools."""
    uses_state: bool = False
    """The actions keep state (contract's persistence scopes apply)."""
    options: Mapping[Name, OptionLookup] = {}
    actions: Many[Action] = ()
    triggers: Many[Trigger] = ()
