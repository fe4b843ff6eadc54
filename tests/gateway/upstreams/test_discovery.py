"""Claims about finding out who lets people into a remote MCP server, from what strangers say of themselves."""

from typing import Any

import pytest

from gateway.upstreams.challenges import Challenge
from gateway.upstreams.discovery import Protection, protection_of
from gateway.upstreams.probing import NotUsable
from tests.gateway.upstreams.written_http import WrittenHttp

URL = "https://mcp.example.com/v1/mcp"
INSERTED = "https://mcp.example.com/.well-known/oauth-protected-resource/v1/mcp"
ROOT = "https://mcp.example.com/.well-known/oauth-protected-resource"
ISSUER = "https://login.example.com"
METADATA = f"{ISSUER}/.well-known/oauth-authorization-server"
OPENID = f"{ISSUER}/.well-known/openid-configuration"


def resource(**changes: Any) -> dict[str, Any]:
    return {"resource": URL, "authorization_servers": [ISSUER], **changes}


def server(**changes: Any) -> dict[str, Any]:
    found = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "code_challenge_methods_supported": ["S256"],
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


async def found(pages: dict[str, Any], challenge: Challenge | None = None, url: str = URL) -> Protection | None:
    return await protection_of(WrittenHttp(pages), url, challenge or Challenge())


@pytest.mark.parametrize("place", [INSERTED, ROOT])
@pytest.mark.parametrize("metadata", [METADATA, OPENID])
async def test_metadata_is_found_at_every_well_known_place(place: str, metadata: str) -> None:
    protection = await found({place: resource(), metadata: server()})
    assert protection is not None
    assert protection.resource == URL
    assert protection.server.issuer == ISSUER
    assert protection.server.token_url == f"{ISSUER}/token"


async def test_the_challenge_says_where_the_servers_metadata_is() -> None:
    elsewhere = "https://mcp.example.com/about-me"
    http = WrittenHttp(
        {elsewhere: resource(), METADATA: server(), INSERTED: resource(resource="https://wrong.example")}
    )
    protection = await protection_of(http, URL, Challenge(resource_metadata=elsewhere))
    assert protection is not None
    assert http.asked == [elsewhere, METADATA]


@pytest.mark.parametrize(
    ("issuer", "places"),
    [
        (ISSUER, [METADATA, OPENID]),
        (
            f"{ISSUER}/tenant",
            [
                f"{ISSUER}/.well-known/oauth-authorization-server/tenant",
                f"{ISSUER}/.well-known/openid-configuration/tenant",
                f"{ISSUER}/tenant/.well-known/openid-configuration",
            ],
        ),
    ],
)
async def test_an_issuer_is_looked_for_in_the_order_of_mcp(issuer: str, places: list[str]) -> None:
    http = WrittenHttp({INSERTED: resource(authorization_servers=[issuer])})
    with pytest.raises(NotUsable, match="has no metadata"):
        await protection_of(http, URL, Challenge())
    assert http.asked[1:] == places


@pytest.mark.parametrize(
    "said",
    [
        "https://mcp.example.com/v1/other",
        "https://mcp.example.com/v1/mc",
        "https://mcp.example.com/v1/mcp/more",
        "https://evil.example.com/v1/mcp",
        "http://mcp.example.com/v1/mcp",
        "https://mcp.example.com:8443/v1/mcp",
        "https://mcp.example.com@evil.example.com/v1/mcp",
        "https://mcp.example.com/v1/{access_token}",
        "https://mcp.example.com/v1/../v1/mcp",
        "javascript:alert(1)",
        "",
        None,
        7,
    ],
)
async def test_a_document_about_another_resource_is_refused(said: object) -> None:
    with pytest.raises(NotUsable, match="resource"):
        await found({INSERTED: resource(resource=said), METADATA: server()})


@pytest.mark.parametrize("said", ["https://mcp.example.com", "https://mcp.example.com/", "https://mcp.example.com/v1"])
async def test_a_document_about_a_place_above_counts_and_is_taken_at_its_word(said: str) -> None:
    protection = await found({INSERTED: resource(resource=said), METADATA: server()})
    assert protection is not None
    assert protection.resource == said


@pytest.mark.parametrize(
    "said", ["https://login.example.com/other", "https://evil.example.com", "HTTPS://LOGIN.EXAMPLE.COM", "", None]
)
async def test_metadata_of_another_issuer_is_refused(said: object) -> None:
    with pytest.raises(NotUsable, match="is that of"):
        await found({INSERTED: resource(), METADATA: server(issuer=said or "")})


async def test_only_the_slash_behind_a_bare_host_makes_no_other_issuer() -> None:
    protection = await found({INSERTED: resource(), METADATA: server(issuer=f"{ISSUER}/")})
    assert protection is not None
    assert protection.server.issuer == f"{ISSUER}/"
    tenant = f"{ISSUER}/tenant"
    with pytest.raises(NotUsable):
        await found(
            {
                INSERTED: resource(authorization_servers=[tenant]),
                f"{ISSUER}/.well-known/oauth-authorization-server/tenant": server(issuer=f"{tenant}/"),
            }
        )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code_challenge_methods_supported": None}, "PKCE"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"code_challenge_methods_supported": "S256"}, "PKCE"),
        ({"grant_types_supported": ["client_credentials"]}, "authorization code"),
        ({"authorization_endpoint": None}, "lacks"),
        ({"token_endpoint": None}, "lacks"),
        ({"token_endpoint": "http://login.example.com/token"}, "not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no address"),
        ({"authorization_endpoint": "http://login.example.com/authorize"}, "not https"),
        ({"registration_endpoint": "file:///etc/passwd"}, "no address"),
        ({"revocation_endpoint": "ftp://login.example.com/"}, "no address"),
    ],
)
async def test_a_server_that_is_not_to_be_used_is_refused_with_the_reason(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(NotUsable, match=why):
        await found({INSERTED: resource(), METADATA: server(**changes)})


async def test_no_address_of_a_stranger_holds_a_placeholder_that_would_be_filled() -> None:
    protection = await found({INSERTED: resource(), METADATA: server(token_endpoint=f"{ISSUER}/{{refresh_token}}")})
    assert protection is not None
    assert protection.server.token_url == f"{ISSUER}/%7Brefresh_token%7D"


@pytest.mark.parametrize(
    ("challenged", "supported", "offered", "asked"),
    [
        (("files:read",), ["files:read", "files:write"], [], ("files:read",)),
        ((), ["files:read", "files:write"], [], ("files:read", "files:write")),
        ((), [], ["everything"], ()),
        ((), ["files:read"], ["offline_access"], ("files:read", "offline_access")),
        ((), [], ["offline_access"], ()),
        ((), ["with space", 'with"quote', "", 7, "x" * 201, "fine", "fine"], [], ("fine",)),
    ],
)
async def test_scopes_are_the_challenges_then_the_resources_and_none_that_could_not_be_one(
    challenged: tuple[str, ...], supported: list[Any], offered: list[str], asked: tuple[str, ...]
) -> None:
    pages = {INSERTED: resource(scopes_supported=supported), METADATA: server(scopes_supported=offered)}
    protection = await found(pages, Challenge(scopes=challenged))
    assert protection is not None
    assert protection.scopes == asked


async def test_no_more_than_fifty_scopes_are_asked_for() -> None:
    names = [f"scope-{number}" for number in range(10_000)]
    protection = await found({INSERTED: resource(scopes_supported=names), METADATA: server()})
    assert protection is not None
    assert len(protection.scopes) == 50


async def test_the_first_authorization_server_that_can_be_used_is() -> None:
    second = "https://second.example.com"
    protection = await found(
        {
            INSERTED: resource(authorization_servers=["not an address", ISSUER, second]),
            METADATA: server(code_challenge_methods_supported=None),
            f"{second}/.well-known/oauth-authorization-server": server(issuer=second),
        }
    )
    assert protection is not None
    assert protection.server.issuer == second


async def test_masses_of_authorization_servers_are_not_all_asked() -> None:
    issuers = [f"https://login{number}.example.com" for number in range(1000)]
    http = WrittenHttp({INSERTED: resource(authorization_servers=issuers)})
    with pytest.raises(NotUsable):
        await protection_of(http, URL, Challenge())
    assert len(http.asked) < 20


@pytest.mark.parametrize("named", [[], None, "https://login.example.com", [7], {}])
async def test_a_document_without_authorization_servers_is_refused(named: object) -> None:
    with pytest.raises(NotUsable, match="authorization_servers"):
        await found({INSERTED: resource(authorization_servers=named), METADATA: server()})


async def test_a_server_from_before_resource_metadata_is_its_own_authorization_server() -> None:
    own = "https://mcp.example.com"
    protection = await found({f"{own}/.well-known/oauth-authorization-server": server(issuer=own)})
    assert protection is not None
    assert (protection.resource, protection.server.issuer) == (URL, own)


async def test_a_server_that_describes_no_oauth_has_none() -> None:
    assert await found({}) is None


@pytest.mark.parametrize("page", [[], "text", 7])
async def test_what_is_no_document_is_as_if_it_was_not_there(page: object) -> None:
    assert await found({INSERTED: page, ROOT: resource(), METADATA: server()}) is not None


async def test_a_document_that_leads_into_our_own_network_is_not_fetched() -> None:
    inside = "https://10.0.0.1/metadata"
    http = WrittenHttp({INSERTED: resource(), METADATA: server()}, refused=frozenset({inside}))
    with pytest.raises(NotUsable, match="not a public address"):
        await protection_of(http, URL, Challenge(resource_metadata=inside))


async def test_a_place_where_nobody_answers_is_passed_over() -> None:
    http = WrittenHttp({ROOT: resource(), OPENID: server()}, dead=frozenset({INSERTED, METADATA}))
    assert await protection_of(http, URL, Challenge()) is not None
