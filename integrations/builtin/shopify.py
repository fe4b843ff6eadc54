"""What the shopify manifest can't say: what takes two requests or one of two, and ids that are numbers in bodies."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

_CUSTOMER: Final = ("id", "email", "first_name", "last_name", "phone", "tags", "orders_count", "total_spent")
_VARIANT: Final = ("id", "product_id", "title", "price", "sku", "inventory_item_id", "inventory_quantity")
_ORDER: Final = ("id", "name", "email", "financial_status", "total_price", "currency", "tags", "created_at")
_OPEN: Final = frozenset({"open", "in_progress", "scheduled"})


async def get_product_variant(call: ActionCall) -> Json:
    """A variant, if it is one of this product's."""
    given = call.arguments
    answer = await call.api.get("variants/{variant_id}.json", given)
    found: dict[str, Json] = answer["variant"]
    if str(found.get("product_id")) != given["product_id"]:
        raise NotFound(f"The product {given['product_id']} has no variant {given['variant_id']}.")
    return _brief(found, _VARIANT)


async def get_customers(call: ActionCall) -> Json:
    """Customers by words, or the first of all."""
    given = call.arguments
    path = "customers/search.json" if "query" in given else "customers.json"
    found = await call.api.get(path, query={"query": given.get("query"), "limit": given["limit"]})
    return [_brief(customer, _CUSTOMER) for customer in found.get("customers", ())]


async def create_order(call: ActionCall) -> Json:
    """A new order."""
    order: dict[str, Json] = {name: value for name, value in call.arguments.items() if name != "customer_id"}
    if "customer_id" in call.arguments:
        order["customer"] = {"id": int(call.arguments["customer_id"])}
    created = await call.api.post("orders.json", json={"order": order})
    return _brief(created.get("order", {}), _ORDER)


async def create_fulfillment(call: ActionCall) -> Json:
    """Ship all that is open of an order, wherever it is shipped from."""
    given = call.arguments
    found = await call.api.get("orders/{order_id}/fulfillment_orders.json", given)
    waiting = [each["id"] for each in found.get("fulfillment_orders", ()) if each.get("status") in _OPEN]
    if not waiting:
        raise InvalidInput("Nothing of this order is waiting to be shipped.", path="/order_id")
    tracking = {"number": given.get("tracking_number"), "company": given.get("tracking_company")}
    fulfillment: dict[str, Json] = {
        "line_items_by_fulfillment_order": [{"fulfillment_order_id": each} for each in waiting],
        "notify_customer": given["notify_customer"],
    }
    if any(tracking.values()):
        fulfillment["tracking_info"] = {name: value for name, value in tracking.items() if value}
    made = await call.api.post("fulfillments.json", json={"fulfillment": fulfillment})
    return _brief(made.get("fulfillment", {}), ("id", "status", "tracking_number", "tracking_url", "created_at"))


def _brief(found: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: found.get(name) for name in names}
