import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import pytest
from pydantic import SecretBytes, SecretStr

from gateway.commands.doctor import examine
from gateway.commands.doctor_database import look_at_database
from gateway.commands.doctor_machine import look_at_machine
from gateway.commands.doctor_mail import look_at_mail
from gateway.commands.doctor_outside import look_from_outside
from gateway.commands.findings import Finding, State
from gateway.kit.clock import system_clock
from gateway.settings import Settings
from integrations.ports import HttpRequest, HttpResponse, HttpUnreachable
from tests.gateway.commands.terminal import Serving, Toolgate
from tests.parts.ports import free_port
from tests.parts.served import Served, serving, settings_for
from tests.parts.smtp_sink import smtp_sink
from tests.storage.tenant import an_end_user, plant

Before: TypeAlias = Callable[[HttpRequest], HttpRequest]
After: TypeAlias = Callable[[HttpRequest, HttpResponse], HttpResponse]


class Proxy:
    """What may stand between a client and the gateway: passes everything on, changed by `before` and `after`."""

    def __init__(self, client: httpx2.AsyncClient, before: Before, after: After) -> None:
        self._client = client
        self._before = before
        self._after = after

    async def send(self, request: HttpRequest) -> HttpResponse:
        sent = self._before(request)
        answer = await self._client.request(sent.method, sent.url, headers=dict(sent.headers), content=sent.body)
        return self._after(request, HttpResponse(answer.status_code, dict(answer.headers), answer.content))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def server_id(served: Served) -> str:
    async with served.gateway.database.write() as tx:
        return (await plant(tx)).server.id


async def seen_through(
    served: Served,
    server_id: str | None = None,
    *,
    before: Before = lambda request: request,
    after: After = lambda _request, answer: answer,
    public_url: str | None = None,
    ahead: timedelta = timedelta(),
) -> dict[str, Finding]:
    """Look at the gateway through such a proxy; returns the findings by check."""

    def clock() -> datetime:
        return system_clock() + ahead

    async with httpx2.AsyncClient(trust_env=False) as client:
        found = await look_from_outside(
            Proxy(client, before, after), public_url=public_url or served.url, server_id=server_id, clock=clock
        )
    return {finding.check: finding for finding in found}


def without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


async def test_a_gateway_that_is_well_has_nothing_to_fix(served: Served, server_id: str) -> None:
    found = await seen_through(served, server_id)
    assert {check: finding.state for check, finding in found.items()} == {
        "public URL": State.OK,
        "headers": State.OK,
        "clock": State.OK,
        "REST": State.OK,
        "MCP": State.OK,
        "OAuth": State.OK,
    }


async def test_without_an_mcp_server_its_challenge_is_not_asked_for(served: Served) -> None:
    assert "no MCP server yet" in (await seen_through(served))["MCP"].seen


async def test_a_redirect_is_named_with_the_url_to_set(served: Served) -> None:
    def moved(_request: HttpRequest, _answer: HttpResponse) -> HttpResponse:
        return HttpResponse(301, {"location": "https://www.example.com/health"}, b"")

    found = await seen_through(served, after=moved)
    assert list(found) == ["public URL"]
    assert found["public URL"].seen == "redirects to https://www.example.com/health"
    assert found["public URL"].fix == "set public_url to https://www.example.com"


@pytest.mark.parametrize(("status", "body"), [(200, b"<h1>Welcome to nginx!</h1>"), (404, b"{}"), (200, b'"healthy"')])
async def test_another_servers_answer_is_recognised(served: Served, status: int, body: bytes) -> None:
    found = await seen_through(served, after=lambda _request, _answer: HttpResponse(status, {}, body))
    assert list(found) == ["public URL"]
    assert found["public URL"].state is State.FAILED
    assert f"something else answers {served.url}/health: status {status}" in found["public URL"].seen


async def test_no_answer_at_all_is_told_with_its_reason(served: Served) -> None:
    def refuse(request: HttpRequest) -> HttpRequest:
        raise HttpUnreachable("the name could not be resolved")

    found = await seen_through(served, before=refuse)
    assert list(found) == ["public URL"]
    assert "gives no answer: the name could not be resolved" in found["public URL"].seen


async def test_a_proxy_that_answers_only_health_is_told(served: Served) -> None:
    def cut(request: HttpRequest) -> HttpRequest:
        if not request.url.endswith("/health"):
            raise HttpUnreachable("connection reset")
        return request

    found = await seen_through(served, before=cut)
    assert found["public URL"].state is State.FAILED
    assert "answers /health, then breaks off" in found["public URL"].seen


async def test_lost_request_ids_are_a_warning(served: Served) -> None:
    found = await seen_through(
        served, after=lambda _request, answer: replace(answer, headers=without(answer.headers, "x-request-id"))
    )
    assert found["headers"].state is State.WARNING


@pytest.mark.parametrize(("ahead", "state"), [(20, State.OK), (45, State.FAILED), (-45, State.FAILED)])
async def test_clocks_that_are_apart_are_found(served: Served, ahead: int, state: State) -> None:
    assert (await seen_through(served, ahead=timedelta(seconds=ahead)))["clock"].state is state


async def test_an_authorization_header_that_gets_lost_is_found(served: Served) -> None:
    found = await seen_through(
        served, before=lambda request: replace(request, headers=without(request.headers, "authorization"))
    )
    assert found["REST"].seen == "the Authorization header does not reach the gateway"


async def test_error_pages_of_a_proxy_in_place_of_ours_are_found(served: Served) -> None:
    def prettified(_request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        return replace(answer, body=b"<h1>Sorry</h1>") if answer.status >= 400 else answer

    found = await seen_through(served, after=prettified)
    assert found["REST"].state is State.FAILED
    assert found["MCP"].state is State.FAILED


async def test_a_proxy_that_replaces_the_host_is_found(served: Served, server_id: str) -> None:
    found = await seen_through(
        served, server_id, before=lambda request: replace(request, headers={**request.headers, "host": "backend:8080"})
    )
    assert found["MCP"].state is State.FAILED
    assert served.url.removeprefix("http://") in found["MCP"].seen
    assert "Host" in (found["MCP"].fix or "")


async def test_a_challenge_that_gets_lost_is_found(served: Served, server_id: str) -> None:
    found = await seen_through(
        served,
        server_id,
        after=lambda _request, answer: replace(answer, headers=without(answer.headers, "www-authenticate")),
    )
    assert found["MCP"].seen == "the 401 has no challenge that names the metadata"


async def test_a_gateway_that_runs_with_another_public_url_is_found(served: Served, server_id: str) -> None:
    named = served.url.replace("127.0.0.1", "localhost")
    found = await seen_through(served, server_id, public_url=named)
    assert found["MCP"].state is State.FAILED
    assert f"not {named}" in found["MCP"].seen


async def test_metadata_that_a_proxy_swallows_is_found(served: Served, server_id: str) -> None:
    def swallowed(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        return HttpResponse(404, {}, b"") if "/.well-known/" in request.url else answer

    found = await seen_through(served, server_id, after=swallowed)
    assert "let the proxy pass /.well-known/" in (found["MCP"].fix or "")


async def test_an_issuer_of_another_name_is_found(served: Served) -> None:
    def other(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        body = b'{"issuer": "https://other.example.com"}'
        return HttpResponse(200, {}, body) if "oauth-authorization-server" in request.url else answer

    assert (await seen_through(served, after=other))["OAuth"].state is State.FAILED


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/token", "/oauth/register", "/oauth/revoke"])
async def test_an_endpoint_that_something_else_answers_is_named(path: str, served: Served) -> None:
    def elsewhere(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        return HttpResponse(404, {"content-type": "text/html"}, b"no") if request.url.endswith(path) else answer

    found = (await seen_through(served, after=elsewhere))["OAuth"]
    assert found.state is State.FAILED
    assert path in found.seen


async def test_an_endpoint_elsewhere_is_found(served: Served) -> None:
    def rewritten(_request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        body = answer.body.replace(f'{served.url}/oauth/token"'.encode(), b'http://internal:8080/oauth/token"')
        return HttpResponse(answer.status, answer.headers, body)

    found = (await seen_through(served, after=rewritten))["OAuth"]
    assert found.state is State.FAILED
    assert "http://internal:8080/oauth/token" in found.seen


async def test_a_server_that_leads_people_elsewhere_to_sign_in_is_found(served: Served, server_id: str) -> None:
    def rewritten(_request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        elsewhere = b'"authorization_servers":["http://internal"],"resource_name"'
        return HttpResponse(answer.status, answer.headers, answer.body.replace(b'"resource_name"', elsewhere))

    found = (await seen_through(served, server_id, after=rewritten))["MCP"]
    assert found.state is State.FAILED
    assert "http://internal" in found.seen


async def state_of(settings: Settings, check: str) -> Finding:
    seen = await look_at_database(settings)
    return next(finding for finding in [*look_at_machine(settings), *seen.findings] if finding.check == check)


async def test_looking_makes_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, port=free_port())
    assert (await state_of(settings, "data_dir")).state is State.WARNING
    assert (await state_of(settings, "database")).state is State.WARNING
    assert list(tmp_path.iterdir()) == []


async def test_a_running_gateway_is_examined_beside_itself(served: Served, server_id: str) -> None:
    found = await examine(served.gateway.settings)
    assert [finding for finding in found if finding.state in {State.FAILED, State.WARNING}] == []
    assert "challenges with metadata" in next(finding.seen for finding in found if finding.check == "MCP")


async def test_files_that_others_can_read_are_named(served: Served) -> None:
    settings = served.gateway.settings
    settings.key_file.chmod(0o644)
    finding = await state_of(settings, "data_dir")
    assert finding.state is State.WARNING
    assert str(settings.key_file) in finding.seen


async def test_keys_that_open_nothing_are_found(served: Served) -> None:
    wrong = served.gateway.settings.model_copy(update={"encryption_keys": (SecretBytes(b"w" * 32),)})
    assert (await state_of(wrong, "encryption keys")).state is State.FAILED
    assert (await state_of(served.gateway.settings, "encryption keys")).state is State.OK


async def test_end_users_whom_no_link_can_be_verified_for_are_counted(served: Served) -> None:
    async with served.gateway.database.write() as tx:
        tenant = await plant(tx)
        await tx.end_users.insert(an_end_user(tenant.workspace, email=None, email_key=None))
    finding = await state_of(served.gateway.settings, "setup links")
    assert finding.state is State.WARNING
    assert finding.seen.startswith("end users: 1 with an e-mail address, 1 without")


async def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    url = SecretStr(f"postgresql+asyncpg://toolgate:c4n4ry@127.0.0.1:{free_port()}/x")
    finding = await state_of(Settings(data_dir=tmp_path, database_url=url), "database")
    assert finding.state is State.FAILED
    assert "toolgate:***@127.0.0.1" in finding.seen
    assert "c4n4ry" not in str(finding)


@pytest.mark.parametrize(
    ("values", "check", "state"),
    [
        ({}, "address", State.OK),
        ({"host": "0.0.0.0"}, "address", State.WARNING),
        ({"host": "0.0.0.0", "public_url": "https://tools.example.com"}, "address", State.OK),
        ({}, "trusted_proxies", State.OK),
        ({"public_url": "https://tools.example.com"}, "trusted_proxies", State.WARNING),
        ({"public_url": "https://tools.example.com", "trusted_proxies": "10.0.0.0/8"}, "trusted_proxies", State.OK),
    ],
)
def test_addresses_that_lead_others_nowhere_are_found(
    tmp_path: Path, values: dict[str, str], check: str, state: State
) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, **values})
    assert {finding.check: finding.state for finding in look_at_machine(settings)}[check] is state


def test_the_manifests_of_the_deployment_are_looked_at(tmp_path: Path) -> None:
    def finding() -> Finding:
        [found] = [each for each in look_at_machine(settings) if each.check == "integrations_dir"]
        return found

    settings = Settings(data_dir=tmp_path / "data", integrations_dir=tmp_path)
    assert finding().seen == f"0 manifests in {tmp_path}"
    (tmp_path / "broken.yaml").write_text("name: broken\n")
    assert finding().state is State.FAILED
    assert f"{tmp_path}/broken.yaml:1: title is missing" in finding().seen


async def test_the_way_to_the_mail_server_is_tried_without_sending_a_mail(tmp_path: Path) -> None:
    async with smtp_sink() as sink:
        mail: dict[str, Any] = {"smtp_host": sink.host, "smtp_port": sink.port, "mail_from": "gateway@example.com"}
        plain = Settings(data_dir=tmp_path, smtp_security="none", **mail)
        assert (await look_at_mail(plain)).state is State.OK
        encrypted = await look_at_mail(Settings(data_dir=tmp_path, **mail))
        assert encrypted.state is State.FAILED
        assert "STARTTLS" in encrypted.seen
        assert sink.received == []
    assert (await look_at_mail(plain)).state is State.FAILED


async def test_without_a_mail_server_it_says_what_does_not_work(tmp_path: Path) -> None:
    assert "/dev/mailbox" in (await look_at_mail(Settings(data_dir=tmp_path))).seen
    exposed = await look_at_mail(Settings(data_dir=tmp_path, host="0.0.0.0"))
    assert exposed.state is State.WARNING
    assert "code by e-mail" in exposed.seen


def test_the_exit_code_and_the_json_tell_the_same(toolgate: Toolgate, serving: Serving) -> None:
    with serving():
        well = toolgate("doctor", "--json")
    assert well.returncode == 0
    assert json.loads(well.stdout)["healthy"] is True
    down = toolgate("doctor", "--json")
    assert down.returncode == 1
    assert [each["check"] for each in json.loads(down.stdout)["findings"] if each["state"] == "failed"] == [
        "public URL"
    ]


def test_settings_that_are_wrong_are_the_one_finding(toolgate: Toolgate) -> None:
    ended = toolgate("doctor", PORT="eighty")
    assert ended.returncode == 1
    assert ended.stdout.startswith("failed   settings: TOOLGATE_PORT: ")
