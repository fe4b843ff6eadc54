"""What `doctor` sees through the public URL: the answers that clients get, with everything in between."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin
from uuid import uuid4

from gateway.commands.doctor_client import Client, json_of
from gateway.commands.doctor_sign_in import look_at_sign_in
from gateway.commands.findings import Finding, State, failed, ok, skipped, warning
from gateway.kit.clock import Clock
from gateway.kit.urls import normal_url
from integrations.ports import Http, HttpError, HttpResponse

_SKEW_SECONDS = 30
_GARBAGE_TOKEN = "Bearer doctor-asks-what-a-wrong-token-gets"  # noqa: S105 -- opens nothing, on purpose


async def look_from_outside(http: Http, *, public_url: str, server_id: str | None, clock: Clock) -> list[Finding]:
    """Fetch what clients fetch and name each mismatch; `server_id` is some MCP server's, where there is one."""
    client = Client(http, public_url)
    try:
        health = await client.get("/health")
    except HttpError as error:
        fix = "start the gateway; check DNS, firewall and certificate; some networks can't reach their own public name"
        return [failed("public URL", f"{public_url} gives no answer: {error.message}", fix=fix)]
    reached = _reached(public_url, health)
    if reached.state is State.FAILED:
        return [reached]
    try:
        return [reached, _request_id(client, health), _clock(health, clock()), *await _doors(client, server_id)]
    except HttpError as error:
        fix = "look at the logs of the gateway and of what stands before it"
        return [reached, failed("public URL", f"answers /health, then breaks off: {error.message}", fix=fix)]


async def _doors(client: Client, server_id: str | None) -> list[Finding]:
    return [
        await _authorization(client),
        await _endpoint(client, server_id or str(uuid4()), exists=server_id is not None),
        await look_at_sign_in(client),
    ]


def _reached(public_url: str, answer: HttpResponse) -> Finding:
    if 300 <= answer.status < 400:
        target = urljoin(public_url, answer.headers.get("location", ""))
        return failed("public URL", f"redirects to {target}", fix=_redirect_fix(public_url, target))
    if answer.status != 200 or json_of(answer).get("status") != "healthy":
        kind = answer.headers.get("content-type", "no content type")
        return failed(
            "public URL",
            f"something else answers {public_url}/health: status {answer.status}, {kind}",
            fix="let the proxy pass every path to the gateway, or set public_url to where it does",
        )
    return ok("public URL", f"{public_url} answers")


def _redirect_fix(public_url: str, target: str) -> str:
    try:
        origin = str(normal_url(target).origin)
    except ValueError:
        origin = public_url
    return f"set public_url to {origin}" if origin != public_url else "let the proxy pass /health on as it is"


def _request_id(client: Client, answer: HttpResponse) -> Finding:
    if answer.headers.get("x-request-id") == client.request_id:
        return ok("headers", "X-Request-Id comes back as it was sent")
    return warning(
        "headers",
        "the X-Request-Id that was sent is not the one that came back, so lines of both logs can't be matched",
        fix="let the proxy pass X-Request-Id on, in both directions",
    )


def _clock(answer: HttpResponse, now: datetime) -> Finding:
    try:
        skew = abs((parsedate_to_datetime(answer.headers.get("date", "")) - now).total_seconds())
    except (ValueError, TypeError):
        return skipped("clock", "the answer has no usable Date")
    if skew <= _SKEW_SECONDS:
        return ok("clock", f"{skew:.0f} s apart from the answer's Date")
    fix = "synchronise the clocks (NTP): tokens and links end by them"
    return failed("clock", f"{skew:.0f} s apart from the answer's Date", fix=fix)


async def _authorization(client: Client) -> Finding:
    """Compare what no credentials get with what wrong ones get: alike, the header was lost on its way."""
    without = await client.get("/api/v1/workspaces")
    wrong = await client.get("/api/v1/workspaces", headers={"authorization": _GARBAGE_TOKEN})
    if (without.status, wrong.status) != (401, 401) or "code" not in json_of(wrong):
        seen = f"/api/v1 answers {without.status} without and {wrong.status} with a wrong key, in place of 401"
        return failed("REST", seen, fix="let the proxy pass /api/v1 to the gateway, and leave its errors alone")
    if json_of(without) == json_of(wrong):
        seen = "the Authorization header does not reach the gateway"
        return failed("REST", seen, fix="let the proxy pass Authorization on")
    return ok("REST", "asks for an API key, and sees the one that is sent")


async def _endpoint(client: Client, server_id: str, *, exists: bool) -> Finding:
    path = f"/mcp/srv_{server_id}"
    answer = await client.post(path)
    if answer.status == 421:
        return failed("MCP", _message(answer), fix="let the proxy pass the Host header on (nginx: `Host $http_host`)")
    if not exists:
        if answer.status == 404 and "jsonrpc" in json_of(answer):
            return ok("MCP", "answers; there is no MCP server yet whose challenge could be looked at")
        return failed("MCP", f"{path} answers {answer.status}", fix="let the proxy pass /mcp/ to the gateway")
    if answer.status != 401:
        fix = "let the proxy pass /mcp/ on; if another gateway answers there, lead the public URL to this one"
        return failed("MCP", f"{path} answers {answer.status} in place of 401", fix=fix)
    return await _challenge(client, path, answer)


async def _challenge(client: Client, path: str, answer: HttpResponse) -> Finding:
    """Follow the 401 as a client does that wants to sign in (RFC 9728)."""
    challenge = answer.headers.get("www-authenticate", "")
    metadata_url = challenge.partition('resource_metadata="')[2].partition('"')[0]
    if not metadata_url:
        fix = "let the proxy pass WWW-Authenticate on: without it no client can sign in"
        return failed("MCP", "the 401 has no challenge that names the metadata", fix=fix)
    if not metadata_url.startswith(f"{client.public_url}/"):
        fix = "restart the gateway with this public_url, or examine it with the settings that it runs with"
        return failed("MCP", f"the challenge names {metadata_url}, not {client.public_url}", fix=fix)
    metadata = await client.get(metadata_url.removeprefix(client.public_url))
    resource = json_of(metadata).get("resource")
    if metadata.status != 200 or resource != client.public_url + path:
        seen = f"{metadata_url} answers {metadata.status} for the resource {resource!r}, not {client.public_url + path}"
        return failed("MCP", seen, fix="let the proxy pass /.well-known/ to the gateway")
    issuers = json_of(metadata).get("authorization_servers", [client.public_url])
    if issuers != [client.public_url]:
        seen = f"{metadata_url} sends people to sign in at {issuers}, not at {client.public_url}"
        return failed("MCP", seen, fix="let the proxy leave the gateway's answers as they are")
    return ok("MCP", "challenges with metadata that names this endpoint")


def _message(answer: HttpResponse) -> str:
    return str(json_of(answer).get("error", {}).get("message", f"status {answer.status}"))
