from urllib.parse import parse_qs, urlsplit

import pytest

from tests.gateway.oauth.asking import CHALLENGE, HOSTED, REDIRECT, Asking, told
from tests.gateway.portal.visiting import Page
from tests.parts.rest import Rest


async def test_a_right_request_leads_to_sign_in_and_is_bound_to_the_browser(asking: Asking) -> None:
    client = await asking.registered()
    answer = await asking.authorize(client["client_id"])
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/sign-in?request=")
    cookie = answer.headers["set-cookie"].lower()
    assert ("httponly" in cookie, "samesite=lax" in cookie) == (True, True)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "https://agent.example/callback/",
        "https://agent.example/Callback",
        "https://AGENT.example/callback",
        "https://agent.example:443/callback",
        "https://agent.example/%63allback",
        "https://agent.example/x/../callback",
        "https://agent.example/callback?x=1",
        "https://agent.example/callback#x",
        "https://me@agent.example/callback",
        "https://sub.agent.example/callback",
        "https://agent.example.evil.example/callback",
        "https://agent.example\\@evil.example/callback",
        "http://agent.example/callback",
        "javascript:alert(1)",
        "//agent.example/callback",
        "http://127.0.0.1:3334/callback/",
        "http://127.0.0.1:3334/other",
        "http://127.0.0.2:3334/callback",
        "http://localhost:3334/callback",
        "http://127.0.0.1:3334@evil.example/callback",
    ],
)
async def test_an_address_that_the_client_has_not_registered_is_never_gone_to(
    redirect_uri: str | None, asking: Asking
) -> None:
    client = await asking.registered()
    answer = await asking.authorize(client["client_id"], redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil.example" not in answer.text
    assert "does not work" in answer.text


async def test_on_loopback_any_port_will_do(asking: Asking) -> None:
    client = await asking.registered()
    answer = await asking.authorize(client["client_id"], redirect_uri="http://127.0.0.1:51234/callback")
    assert answer.headers["location"].startswith("/oauth/sign-in?")


@pytest.mark.parametrize(
    "client_id", [None, "nobody", "<script>alert(1)</script>", "x" * 3_000, "http://agent.example/client.json", "é"]
)
async def test_a_client_that_nobody_knows_leads_nowhere(client_id: str | None, asking: Asking) -> None:
    answer = await asking.authorize(client_id)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<script>alert" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "invalid_request"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:8080/mcp/srv_00000000-0000-4000-8000-000000000000"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:8080/mcp/srv_../srv_x"}, "invalid_target"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://agent.example/r"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
    ],
    ids=str,
)
@pytest.mark.parametrize("redirect_uri", [REDIRECT, HOSTED])
async def test_whatever_else_is_wrong_is_told_to_the_client_with_its_state_and_our_name(
    changed: dict[str, str | None], error: str, redirect_uri: str, asking: Asking, api: Rest
) -> None:
    wanted = {"name": "Ours", "redirectUris": [REDIRECT, HOSTED], "tokenEndpointAuthMethod": "none"}
    client_id = (await api.made("/oauth-clients", wanted))["clientId"]
    where, values = told(await asking.authorize(client_id, redirect_uri=redirect_uri, **changed))
    assert where == redirect_uri
    assert values.pop("error_description")
    assert values == {"error": error, "state": "st/ate &1", "iss": asking.issuer}


APP = "com.example.app:/cb"


@pytest.mark.parametrize(("redirect_uri", "is_led_on"), [(REDIRECT, True), (APP, True), (HOSTED, False)])
async def test_an_address_elsewhere_that_anybody_may_have_registered_is_not_led_to_by_a_mere_link(
    redirect_uri: str, is_led_on: bool, asking: Asking
) -> None:
    client = await asking.registered(redirect_uris=[REDIRECT, APP, HOSTED], client_name="<i>Prize</i>")
    answer = await asking.authorize(client["client_id"], redirect_uri=redirect_uri, response_type="token")
    assert (answer.status_code == 303) is is_led_on
    if is_led_on:
        return
    page = Page(answer)
    assert (page.status, page.onward, "location" in answer.headers) == (400, None, False)
    assert "“<i>Prize</i>”" in page.text
    values = parse_qs(urlsplit(page.link("Go back to agent.example")).query)
    assert values["error"] == ["unsupported_response_type"]
    assert (values["state"], values["iss"]) == (["st/ate &1"], [asking.issuer])


async def test_a_server_s_address_is_taken_as_it_is_written_and_in_no_other_way(asking: Asking) -> None:
    client = await asking.registered()
    for resource in (
        asking.resource.replace("127.0.0.1:8080/mcp", "127.0.0.1:8080/MCP"),
        asking.resource.replace("http:", "HTTP:"),
        asking.resource + "/",
        asking.resource + "?x=1",
        asking.resource + "#x",
    ):
        _, values = told(await asking.authorize(client["client_id"], resource=resource))
        assert values["error"] == "invalid_target", resource


async def test_a_server_that_takes_bearer_tokens_only_takes_no_sign_ins(asking: Asking, api: Rest) -> None:
    made = await api.made("/mcp/servers", {"name": "B", "workspaceId": "a", "authMode": "bearer"})
    client = await asking.registered()
    _, values = told(await asking.authorize(client["client_id"], resource=f"{asking.issuer}/mcp/srv_{made['id']}"))
    assert values["error"] == "invalid_target"


@pytest.mark.parametrize("name", ["state", "resource", "code_challenge", "scope", "unknown"])
async def test_a_parameter_that_stands_there_twice_is_told_to_the_client(name: str, asking: Asking) -> None:
    client = await asking.registered()
    right = await asking.client.get(asking.address(client["client_id"]) + f"&{name}=1&{name}=2")
    where, values = told(right)
    assert (where, values["error"], values["iss"]) == (REDIRECT, "invalid_request", asking.issuer)
    assert values.get("state") == (None if name == "state" else "st/ate &1")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_two_clients_or_two_addresses_lead_nowhere(name: str, asking: Asking) -> None:
    client = await asking.registered()
    answer = await asking.client.get(asking.address(client["client_id"]) + f"&{name}={HOSTED}")
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_client_that_registered_with_less_may_ask_for_more(asking: Asking) -> None:
    client = await asking.registered(scope="mcp:tools")
    answer = await asking.authorize(client["client_id"], scope="mcp:tools mcp:code offline_access")
    assert answer.headers["location"].startswith("/oauth/sign-in?")


async def test_a_redirect_address_with_a_query_keeps_it(asking: Asking) -> None:
    address = "http://127.0.0.1:3334/cb?team=1"
    client = await asking.registered(redirect_uris=[address])
    _, values = told(await asking.authorize(client["client_id"], redirect_uri=address, code_challenge=None))
    assert (values["team"], values["error"]) == ("1", "invalid_request")
