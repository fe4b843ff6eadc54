"""From a link to a connected account, by OAuth."""

import pytest

from tests.gateway.portal.shop import Shop


@pytest.mark.promise("000-8")
@pytest.mark.promise("001-13")
async def test_approving_at_the_provider_connects_the_account_with_no_further_call(shop: Shop) -> None:
    person = await shop.browser()
    consent = await person.begin(await shop.link(integrationName="acme"))
    assert "asks for access to your Acme account" in consent.text
    done = await person.answer(consent)
    assert "Acme is connected" in done.text
    assert "alice@acme.example" in done.text
    [connection] = await shop.connections()
    assert (connection["status"], connection["scope"]) == ("ACTIVE", "USER")
    ran = await shop.product.execute("acme", "whoami", "alice")
    assert ran.json()["output"]["email"] == "alice@acme.example"
