"""Claims about the clients that people really use: every one of them gets through, in its own way."""

import asyncio
import base64
import json
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.flows.agents import HANDSHAKE, KINDS, Action, Agent, Connect, Kind, Reply, python_agent
from tests.flows.product import Product, open_product
from tests.parts.loopback import answer, answering
from tests.parts.rest import Rest
from tests.parts.served import Served, serving

WRITE = "acme__create_note"


@pytest.mark.promise("000-13", "000-20", "000-21")
@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_every_client_lists_is_told_where_to_connect_and_then_succeeds(
    kind: Kind, product: Product, served: Served, connect: Connect
) -> None:
    await product.add("acme")
    server = await product.server()
    opened: list[str] = []

    async def only_open(url: str) -> Action:
        opened.append(url)
        return "accept"

    token = await product.token(server, "alice")
    async with connect(kind, server.endpoint, token, on_url=only_open if kind.opens_urls else None) as agent:
        listed = await agent.tool_names()
        missing = await agent.call("acme__whoami")
        await product.connect_acme(served.acme, "alice")
        found = await agent.call("acme__whoami")

    assert agent.version == kind.version
    assert {"acme__whoami", WRITE} <= set(listed)
    told = _told(kind, missing, opened)
    assert told.startswith(f"{served.url}/connect/s/")
    page = await product.rest.client.get(told)
    assert (page.status_code, "Acme" in page.text) == (200, True)
    assert found.is_error is False
    assert found.structured["id"] == "alice"


def _told(kind: Kind, missing: Reply, opened: list[str]) -> str:
    """The setup URL, from where a client of this kind has to find it."""
    assert missing.is_error is True
    if kind.opens_urls and kind.version == HANDSHAKE:
        (url,) = missing.raised_urls
        return url
    url = str(missing.structured["setupUrl"])
    assert url in missing.text
    assert missing.structured["code"] == "CONNECTION_REQUIRED"
    assert opened == ([url] if kind.opens_urls else [])
    return url


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.opens_urls or kind.version != HANDSHAKE], ids=str)
async def test_where_calls_wait_every_client_gets_the_answer_to_the_same_call(
    kind: Kind, product: Product, served: Served, connect: Connect
) -> None:
    await product.add("acme")
    server = await product.server(settings={"connectWaitSeconds": 60})

    async def only_open(_url: str) -> Action:
        return "accept"

    token = await product.token(server, "alice")
    async with connect(kind, server.endpoint, token, on_url=only_open if kind.opens_urls else None) as agent:
        calling = asyncio.create_task(agent.call("acme__whoami"))
        # Once its request has come in; the person takes longer still.
        await agent.tool_names()
        assert not calling.done()
        await product.connect_acme(served.acme, "alice")
        reply = await calling

    assert (reply.is_error, reply.structured["id"]) == (False, "alice")


async def test_a_client_of_the_handshake_era_hears_that_the_account_behind_its_link_is_there(
    product: Product, served: Served
) -> None:
    await product.add("acme")
    server = await product.server()

    async def never(_url: str) -> Action:
        raise AssertionError("in this era the link comes as an error")

    token = await product.token(server, "alice")
    async with python_agent(server.endpoint, token, mode="legacy", on_url=never) as agent:
        await agent.listening.wait()
        missing = await agent.call("acme__whoami")
        await product.connect_acme(served.acme, "alice")
        assert await agent.completed.get() == missing.raised_ids[0]
        assert (await agent.call("acme__whoami")).structured["id"] == "alice"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.opens_urls and kind.version != HANDSHAKE], ids=str)
async def test_a_call_resumes_by_itself_when_the_person_connects_at_the_url(
    kind: Kind, product: Product, served: Served, connect: Connect
) -> None:
    await product.add("acme")
    server = await product.server()

    async def open_and_connect(_url: str) -> Action:
        await product.connect_acme(served.acme, "alice")
        return "accept"

    token = await product.token(server, "alice")
    async with connect(kind, server.endpoint, token, on_url=open_and_connect) as agent:
        reply = await agent.call("acme__whoami")

    assert (reply.is_error, reply.structured["id"]) == (False, "alice")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.opens_urls and kind.version != HANDSHAKE], ids=str)
async def test_a_person_who_declines_is_not_asked_again_in_the_same_call(
    kind: Kind, product: Product, connect: Connect
) -> None:
    await product.add("acme")
    server = await product.server()
    asked: list[str] = []

    async def decline(url: str) -> Action:
        asked.append(url)
        return "decline"

    token = await product.token(server, "alice")
    async with connect(kind, server.endpoint, token, on_url=decline) as agent:
        reply = await agent.call("acme__whoami")

    assert len(asked) == 1
    assert reply.is_error is True
    assert asked[0] in reply.text


@pytest.mark.promise("001-15")
async def test_two_people_at_one_server_act_at_the_same_time_each_by_their_own_account(
    product: Product, served: Served, connect: Connect
) -> None:
    await product.add("acme")
    server = await product.server()
    people = ("alice", "bob")
    for person in people:
        await product.connect_acme(served.acme, person)
    kinds = [kind for kind in KINDS if not kind.opens_urls]

    async with AsyncExitStack() as stack:
        agents: list[tuple[str, Agent]] = [
            (
                person,
                await stack.enter_async_context(connect(kind, server.endpoint, await product.token(server, person))),
            )
            for kind in kinds
            for person in people
        ]
        calls = [agent.call(WRITE, {"title": f"by {person} {n}"}) for n in range(5) for person, agent in agents]
        replies = await asyncio.gather(*calls)

    written = [(reply.structured["author"]["id"], reply.structured["title"]) for reply in replies]
    assert written == [(person, f"by {person} {n}") for n in range(5) for person, _ in agents]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.opens_urls], ids=str)
async def test_every_client_gets_back_exactly_what_it_stored(kind: Kind, product: Product, connect: Connect) -> None:
    await product.add("kv-store", "fixed")
    server = await product.server()
    stored = {
        "text": '☃ 😀 Größe \u2028 \t "quoted" \\ </script>\n',
        "numbers": [0, -1, 2**53 - 1, 0.1, 1e300],
        "nothing": None,
        "": {"empty": [{}, [], ""], "true": True},
    }

    async with connect(kind, server.endpoint, await product.token(server, "alice")) as agent:
        await agent.call("kv_store__put", {"key": "ключ", "value": stored})
        found = await agent.call("kv_store__get", {"key": "ключ"})

    assert found.structured["value"] == stored
    assert json.loads(found.text)["value"] == stored


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.opens_urls], ids=str)
async def test_every_client_is_handed_files_as_files(kind: Kind, tmp_path: Path, connect: Connect) -> None:
    name = "Größe & Gewicht #1?.pdf"
    document = answer(
        b"%PDF-1.7", "content-type: application/pdf", f"content-disposition: attachment; filename*=UTF-8''{quote(name)}"
    )
    picture = answer(b"GIF89a", "content-type: image/gif")
    async with (
        answering(document, picture) as provider,
        serving(tmp_path, urls={"acme": {"https://api.acme.example/": f"http://127.0.0.1:{provider.port}/"}}) as served,
        httpx2.AsyncClient(base_url=served.url, trust_env=False) as client,
    ):
        product = await open_product(Rest(client))
        await product.add("acme")
        await product.connect("alice", "any")
        server = await product.server()
        async with connect(kind, server.endpoint, await product.token(server, "alice")) as agent:
            files = [(await agent.call("acme__get_picture", {"id": which})).files for which in ("1", "2")]

    assert files == [
        ((name, "application/pdf", base64.b64encode(b"%PDF-1.7").decode()),),
        (("", "image/gif", base64.b64encode(b"GIF89a").decode()),),
    ]


async def test_every_client_sees_all_of_a_thousand_tools(product: Product, connect: Connect) -> None:
    await asyncio.gather(*(product.add("slack", alias=f"team-{number}") for number in range(28)))
    server = await product.server()
    token = await product.token(server, "alice")
    counted: list[int] = []

    for kind in KINDS:
        if not kind.opens_urls:
            async with connect(kind, server.endpoint, token) as agent:
                counted.append(len(set(await agent.tool_names())))

    assert len(set(counted)) == 1
    assert counted[0] > 1_000
