"""The address at the provider says what the manifest says, and leads nowhere else."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

from gateway.connections.connect_steps import StepKind
from tests.gateway.portal.shop import Shop
from tests.gateway.portal.visiting import Page, Person


async def at_ledger(shop: Shop) -> tuple[Person, Page]:
    """The page of an integration whose provider has an address for each company."""
    app = {"integrationName": "ledger", "name": "Ours", "clientId": "ledger-app", "clientSecret": "s" * 20}
    answer = await shop.rest.post("/oauth-apps", app)
    assert answer.status_code == 201, answer.text
    await shop.product.add("ledger", oauthAppMode="custom", authMethodKey="tenant")
    person = await shop.browser()
    return person, await person.open(await shop.link(integrationName="ledger"))


async def start(person: Person, page: Page, company: str) -> Page:
    return await person.send(page.form(f"{person.at}/connect/start"), **{"tenant.data.company": company})


async def test_the_query_is_that_of_the_manifest(shop: Shop) -> None:
    person, page = await at_ledger(shop)
    address = urlsplit((await start(person, page, "harbor")).onward or "")
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://harbor.ledger.example/authorize"
    assert (query["v"], query["access"], query["user_scope"]) == ("2", "offline", "read,write")
    assert (query["client_id"], query["response_type"]) == ("ledger-app", "code")
    assert query["redirect_uri"] == f"{shop.served.url}/connect/callback/ledger"
    assert query["code_challenge_method"] == "plain"


async def test_the_challenge_belongs_to_a_verifier_that_never_leaves(shop: Shop) -> None:
    person = await shop.browser()
    page = await person.send((await person.open(await shop.link())).form(f"{person.at}/connect/start"))
    query = {name: values[0] for name, values in parse_qs(urlsplit(page.onward or "").query).items()}
    browser = next(iter(person.http.cookies.values()))
    steps = shop.served.gateway.connecting.steps
    carried = await steps.look(StepKind.HOP, query["state"], browser=browser, integration_name="acme")
    digest = hashlib.sha256(str(carried["verifier"]).encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert query["code_challenge_method"] == "S256"
    assert str(carried["verifier"]) not in page.html


async def test_what_the_person_enters_makes_no_other_host(shop: Shop) -> None:
    person, page = await at_ledger(shop)
    for company in ("evil.example/x", "evil.example#", "a@evil.example", "evil%2eexample", "..", "", "x" * 300):
        again = await start(person, page, company)
        assert again.onward is None
        assert again.status == 422


async def test_each_hop_has_a_state_of_its_own_that_cannot_be_guessed(shop: Shop) -> None:
    person = await shop.browser()
    link, states = await shop.link(), set[str]()
    for _ in range(3):
        page = await person.send((await person.open(link)).form(f"{person.at}/connect/start"))
        states.add(parse_qs(urlsplit(page.onward or "").query)["state"][0])
    assert len(states) == 3
    assert all(len(state) >= 43 for state in states)


async def test_two_tabs_of_one_browser_finish_each_their_own(shop: Shop) -> None:
    person = await shop.browser()
    first, second = await person.begin(await shop.link()), await person.begin(await shop.link())
    assert "Acme is connected" in (await person.answer(second)).text
    assert "Acme is connected" in (await person.answer(first)).text
    assert len(await shop.connections()) == 1
