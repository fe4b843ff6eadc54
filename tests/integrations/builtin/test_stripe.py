import pytest

from integrations.builtin.stripe import in_smallest_unit
from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports


@pytest.mark.parametrize(
    ("amount", "currency", "smallest"),
    [
        (10.5, "USD", 1050),
        (0.29, "eur", 29),
        (1.1, "eur", 110),
        (-3, "eur", -300),
        (500.0, "JPY", 500),
        (5, "ISK", 500),
        (5, "ugx", 500),
        (1.23, "KWD", 1230),
        (1000000.01, "usd", 100000001),
    ],
)
def test_an_amount_is_sent_in_the_unit_that_stripe_counts_in(amount: float, currency: str, smallest: int):
    assert in_smallest_unit(amount, currency) == smallest


@pytest.mark.parametrize(("amount", "currency"), [(10.505, "USD"), (0.5, "JPY"), (5.5, "UGX"), (1.234, "KWD")])
def test_an_amount_that_would_have_to_be_rounded_is_refused(amount: float, currency: str):
    with pytest.raises(InvalidInput, match="finely"):
        in_smallest_unit(amount, currency)


async def test_subscriptions_are_told_in_brief_and_each_once_though_two_prices_find_it():
    price = {"id": "price_1", "product": "prod_1", "unit_amount": 1200, "currency": "eur", "metadata": {"long": "x"}}
    found = {
        "id": "sub_1",
        "status": "active",
        "customer": {"id": "cus_1", "email": "ada@example.com", "sources": {"data": []}},
        "items": {"data": [{"id": "si_1", "quantity": 2, "price": price, "plan": {}}]},
    }
    http = RecordedHttp([json_response({"data": [found], "has_more": False})] * 2)
    arguments = {"price_ids": "price_1,price_2", "include_customer_details": True}
    result = (
        await Catalog()
        .get("stripe")
        .actions["search_subscriptions"]
        .run(arguments, credentials("api_key", secret_text="sk_test_key"), ports(http))
    )
    assert result.output == {
        "subscriptions": [
            {
                "id": "sub_1",
                "status": "active",
                "customer": {"id": "cus_1", "email": "ada@example.com"},
                "items": [
                    {
                        "id": "si_1",
                        "quantity": 2,
                        "price": {"id": "price_1", "product": "prod_1", "unit_amount": 1200, "currency": "eur"},
                    }
                ],
            }
        ],
        "count": 1,
        "may_be_more": False,
    }


async def test_a_day_that_is_none_is_the_callers_fault():
    action = Catalog().get("stripe").actions["search_subscriptions"]
    with pytest.raises(InvalidInput) as caught:
        await action.run({"created_after": "soon"}, credentials("api_key", secret_text="sk"), ports(RecordedHttp([])))
    assert caught.value.path == "/created_after"
