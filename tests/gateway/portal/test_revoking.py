"""What a person disconnects or replaces at the connect pages ends at the provider too."""

from tests.gateway.portal.shop import Shop


async def revocations(shop: Shop) -> int:
    """Let everything that is due be sent; returns how often Acme has revoked something."""
    while await shop.served.gateway.revoking.revoker.send_due() == 0:
        pass
    return shop.served.acme.app.counters.revocations


async def test_an_account_that_its_person_disconnects_is_revoked(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    page = await person.open((await person.open(await shop.link())).link("Disconnect"))
    await person.send(page.form(f"{person.at}/connect/disconnect"))
    assert await shop.connections() == []
    assert await revocations(shop) == 1


async def test_an_account_that_gives_way_to_another_is_revoked_and_the_other_works(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    question = await person.connect(await shop.link(), "bob")
    await person.send(question.form(f"{person.at}/connect/replace"), decision="replace")
    assert await revocations(shop) == 1
    assert (await shop.product.execute("acme", "whoami", "alice")).json()["output"]["id"] == "bob"


async def test_the_same_account_connected_again_revokes_nothing(shop: Shop) -> None:
    person = await shop.browser()
    for _ in range(2):
        await person.connect(await shop.link())
    assert await revocations(shop) == 0
    assert len(await shop.connections()) == 1
