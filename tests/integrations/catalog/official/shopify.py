"""Shopify's own client, for Node, with its resources of the REST API."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_ITEMS: Final = [{"variant_id": 447654529, "quantity": 1}]
_ORDER: Final = {"order_id": "3"}
_STOCK: Final = {"location_id": "6", "inventory_item_id": "8"}
_WAITING: Final = {"fulfillment_orders": [{"id": 7, "status": "open"}, {"id": 6, "status": "closed"}]}

OFFICIAL = Official(
    integration="shopify",
    package="@shopify/shopify-api",
    credentials=Credentials("access_token", {"secret_text": "shpat_1", "shop": "acme"}),
    calls={
        "get_products": Call({"title": "Mug", "status": "active", "limit": 50.0, "since_id": "1"}),
        "get_product": Call({"product_id": "1"}),
        "get_product_variant": Call(
            {"product_id": "1", "variant_id": "2"}, answers=({"variant": {"id": 2, "product_id": 1}},)
        ),
        "create_product": Call(
            {
                "title": "Mug",
                "body_html": "<p>Nice</p>",
                "vendor": "Acme",
                "product_type": "Kitchen",
                "tags": "new",
                "status": "draft",
            }
        ),
        "update_product": Call({"product_id": "1", "title": "Cup", "status": "active", "tags": "sale"}),
        "update_product_variant": Call({"variant_id": "2", "price": "19.99", "compare_at_price": "24.99", "sku": "M1"}),
        "upload_product_image": Call({"product_id": "1", "image_url": "https://example.com/mug.png", "alt": "A mug"}),
        "delete_product": Call({"product_id": "1"}),
        "get_orders": Call(
            {
                "status": "any",
                "financial_status": "paid",
                "fulfillment_status": "unshipped",
                "created_at_min": "2026-11-01T00:00:00Z",
                "limit": 50,
                "since_id": "1",
            }
        ),
        "get_order": Call(_ORDER),
        "create_order": Call({"line_items": _ITEMS, "customer_id": "5", "financial_status": "paid", "tags": "new"}),
        "update_order": Call({**_ORDER, "note": "Gift", "tags": "vip", "email": "ada@example.com"}),
        "cancel_order": Call({**_ORDER, "reason": "customer", "restock": True}),
        "close_order": Call(_ORDER),
        "open_order": Call(_ORDER),
        "get_transactions": Call(_ORDER),
        "get_fulfillment_orders": Call(_ORDER),
        "create_fulfillment": Call(
            {**_ORDER, "tracking_number": "1Z", "tracking_company": "UPS", "notify_customer": True},
            answers=(_WAITING, {}),
        ),
        "create_draft_order": Call({"line_items": _ITEMS, "email": "ada@example.com", "note": "Gift", "tags": "new"}),
        "send_draft_order_invoice": Call(
            {"draft_order_id": "4", "to": "ada@example.com", "subject": "Yours", "custom_message": "Thanks"}
        ),
        "get_customers": Call({"query": "Ada country:France", "limit": 50}),
        "get_customer": Call({"customer_id": "5"}),
        "get_customer_orders": Call({"customer_id": "5", "status": "any", "limit": 50}),
        "create_customer": Call(
            {
                "email": "ada@example.com",
                "first_name": "Ada",
                "last_name": "Lovelace",
                "phone": "+15550100",
                "tags": "vip",
                "note": "First",
            }
        ),
        "update_customer": Call({"customer_id": "5", "first_name": "Ada", "tags": "vip"}),
        "get_locations": Call({}),
        "get_inventory_levels": Call({"location_ids": "6", "inventory_item_ids": "8,9", "limit": 50}),
        "adjust_inventory": Call({**_STOCK, "adjustment": -2}),
        "set_inventory": Call({**_STOCK, "available": 5}),
    },
)
