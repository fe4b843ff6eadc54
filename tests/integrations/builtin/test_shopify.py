"""What of an order is still open is shipped; a variant has to be the product's; customers are searched or listed."""

from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput, NotFound
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

SHOPIFY = Catalog().get("shopify")
TOKEN = credentials("access_token", secret_text="shpat_1", shop="acme")


def shipped_from(*orders: dict[str, Any]) -> RecordedHttp:
    return RecordedHttp(
        [json_response({"fulfillment_orders": list(orders)}), json_response({"fulfillment": {"id": 9}})]
    )


async def test_what_is_open_is_shipped_and_nothing_else():
    http = shipped_from({"id": 1, "status": "closed"}, {"id": 2, "status": "open"}, {"id": 3, "status": "in_progress"})
    arguments = {"order_id": "5", "notify_customer": False}
    await SHOPIFY.actions["create_fulfillment"].run(arguments, TOKEN, ports(http))
    waiting = [{"fulfillment_order_id": 2}, {"fulfillment_order_id": 3}]
    sent = {"line_items_by_fulfillment_order": waiting, "notify_customer": False}
    assert sent_json(http.requests[1]) == {"fulfillment": sent}


async def test_an_order_of_which_nothing_is_open_is_not_shipped_again():
    with pytest.raises(InvalidInput, match="waiting to be shipped"):
        await SHOPIFY.actions["create_fulfillment"].run(
            {"order_id": "5", "notify_customer": False}, TOKEN, ports(shipped_from({"id": 1, "status": "closed"}))
        )


async def test_a_variant_of_another_product_is_not_found():
    http = RecordedHttp([json_response({"variant": {"id": 2, "product_id": 8}})])
    with pytest.raises(NotFound, match="product 1 has no variant 2"):
        await SHOPIFY.actions["get_product_variant"].run({"product_id": "1", "variant_id": "2"}, TOKEN, ports(http))


async def test_customers_are_listed_where_nobody_searches():
    http = RecordedHttp([json_response({"customers": []})])
    await SHOPIFY.actions["get_customers"].run({"limit": 50}, TOKEN, ports(http))
    assert http.request.url == "https://acme.myshopify.com/admin/api/2026-07/customers.json?limit=50"
