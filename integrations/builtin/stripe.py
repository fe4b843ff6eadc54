"""What the stripe manifest can't say: amounts as people write them, and subscriptions by several prices at once."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, cast

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

ZERO_DECIMAL: Final = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
"""Currencies without a smaller unit (docs.stripe.com/currencies). ISK and UGX are none at Stripe: 5 is sent as 500."""
WHOLE_ONLY: Final = frozenset(["isk", "ugx"])
"""Currencies of which Stripe takes no fraction, though it counts in hundredths of them."""
THREE_DECIMAL: Final = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
"""Currencies with thousandths, of which Stripe takes only tens."""

PAGE_SIZE: Final = 100
MAX_SUBSCRIPTIONS: Final = 1000

_PAYMENT: Final = ("id", "status", "amount", "currency", "customer", "description", "next_action", "created")
_PRICE: Final = ("id", "product", "unit_amount", "currency", "type", "recurring", "active")
_REFUND: Final = ("id", "status", "amount", "currency", "payment_intent", "reason", "created")
_INVOICE: Final = ("id", "status", "customer", "currency", "total", "description", "created")
_ITEM: Final = ("id", "invoice", "customer", "amount", "currency", "description")
_SUBSCRIPTION: Final = (
    "id", "status", "customer", "cancel_at", "cancel_at_period_end", "canceled_at", "trial_end", "created", "metadata",
)  # fmt: skip


def in_smallest_unit(amount: float, currency: str, *, path: str = "/amount") -> int:
    """`amount` of a currency (any case) in the unit that Stripe counts in: 10.5 USD are 1050, 500 JPY are 500.

    Raises:
        InvalidInput: the currency has no unit that small.
    """
    code = currency.lower()
    exact = Decimal(str(amount))
    factor = 1 if code in ZERO_DECIMAL else 1000 if code in THREE_DECIMAL else 100
    # Of what Stripe counts in thousandths it takes tens, of what it no longer has hundredths of it takes hundreds.
    step = 10 if code in THREE_DECIMAL else 100 if code in WHOLE_ONLY else 1
    smallest = exact * factor
    if smallest % step:
        raise InvalidInput(f"{currency.upper()} can't be split that finely: {exact}", path=path)
    return int(smallest)


async def create_payment_intent(call: ActionCall) -> Json:
    """Prepare a payment, and charge it if told to."""
    given = call.arguments
    form = _present(given, "currency", "customer", "payment_method", "confirm", "return_url")
    form |= _present(given, "description", "receipt_email")
    form |= {"amount": in_smallest_unit(given["amount"], given["currency"]), "currency": given["currency"].lower()}
    return _brief(await _post(call, "payment_intents", form), _PAYMENT)


async def create_price(call: ActionCall) -> Json:
    """Add a price to a product."""
    given = call.arguments
    amount = in_smallest_unit(given["unit_amount"], given["currency"], path="/unit_amount")
    form: dict[str, Json] = {"product": given["product"], "unit_amount": amount, "currency": given["currency"].lower()}
    if given["recurring_interval"] != "one_time":
        count = given.get("recurring_interval_count", 1)
        form["recurring"] = {"interval": given["recurring_interval"], "interval_count": count}
    return _brief(await _post(call, "prices", form), _PRICE)


async def create_refund(call: ActionCall) -> Json:
    """Give money back. A part is an amount of the payment's own currency, so that is asked for first."""
    given = call.arguments
    form = _present(given, "payment_intent", "reason", "metadata")
    if given.get("amount") is not None:
        payment = await call.api.get("payment_intents/{id}", {"id": given["payment_intent"]})
        form["amount"] = in_smallest_unit(given["amount"], payment["currency"])
    return _brief(await _post(call, "refunds", form), _REFUND)


async def create_invoice(call: ActionCall) -> Json:
    """Make a draft that takes up what was noted down for the customer."""
    form = _present(call.arguments, "description") | {
        "customer": call.arguments["customer_id"],
        "currency": call.arguments["currency"].lower(),
        "pending_invoice_items_behavior": "include",
    }
    return _brief(await _post(call, "invoices", form), _INVOICE)


async def create_invoice_item(call: ActionCall) -> Json:
    """Add a line to an invoice, or to the customer's next one."""
    given = call.arguments
    form = _present(given, "customer", "description", "invoice")
    form |= {"amount": in_smallest_unit(given["amount"], given["currency"]), "currency": given["currency"].lower()}
    return _brief(await _post(call, "invoiceitems", form), _ITEM)


async def cancel_subscription(call: ActionCall) -> Json:
    """End a subscription, now or when what is paid for is over."""
    where = {"id": call.arguments["subscription"]}
    if call.arguments["cancel_at_period_end"]:
        answer = await call.api.send("POST", "subscriptions/{id}", where, form={"cancel_at_period_end": True})
    else:
        answer = await call.api.send("DELETE", "subscriptions/{id}", where)
    return _subscription(answer.json)


async def search_subscriptions(call: ActionCall) -> Json:
    """Subscriptions that meet all conditions. Stripe filters by one price, so it is asked once for each."""
    given = call.arguments
    prices = [price.strip() for price in given.get("price_ids", "").split(",") if price.strip()]
    wanted = MAX_SUBSCRIPTIONS if given.get("fetch_all") else given["limit"] or MAX_SUBSCRIPTIONS
    wanted = min(wanted, MAX_SUBSCRIPTIONS)
    conditions = _conditions(given)
    found: dict[str, Json] = {}
    for price in prices or [None]:
        async for subscription in _subscriptions(call, {**conditions, "price": price}):
            found[subscription["id"]] = _subscription(subscription)
            if len(found) >= wanted:
                return {"subscriptions": list(found.values()), "count": len(found), "may_be_more": True}
    return {"subscriptions": list(found.values()), "count": len(found), "may_be_more": False}


def _conditions(given: Mapping[str, Json]) -> dict[str, Json]:
    """The query's part that is the same for every price."""
    bounds = {"gte": _midnight(given, "created_after"), "lt": _midnight(given, "created_before")}
    return {
        "status": given.get("status"),
        "customer": given.get("customer_id"),
        "created": {name: moment for name, moment in bounds.items() if moment is not None},
        "expand[]": "data.customer" if given.get("include_customer_details") else None,
    }


def _midnight(given: Mapping[str, Json], name: str) -> int | None:
    """The beginning of a day in UTC, as Unix time."""
    if not given.get(name):
        return None
    try:
        day = date.fromisoformat(given[name])
    except ValueError as error:
        raise InvalidInput(f"{given[name]} is not a day such as 2026-01-31", path=f"/{name}") from error
    return int(datetime.combine(day, time(), UTC).timestamp())


async def _subscriptions(call: ActionCall, query: Mapping[str, Json]) -> AsyncIterator[dict[str, Json]]:
    after = None
    while True:
        page = await call.api.get("subscriptions", query={**query, "limit": PAGE_SIZE, "starting_after": after})
        subscriptions = cast("list[dict[str, Json]]", page["data"])
        for subscription in subscriptions:
            yield subscription
        if not page.get("has_more") or not subscriptions:
            return
        after = subscriptions[-1]["id"]


def _subscription(subscription: dict[str, Json]) -> Json:
    brief = _brief(subscription, _SUBSCRIPTION)
    if isinstance(subscription.get("customer"), Mapping):
        brief["customer"] = _brief(subscription["customer"], ("id", "name", "email"))
    return brief | {"items": [_item(item) for item in subscription.get("items", {}).get("data", [])]}


def _item(item: Mapping[str, Json]) -> Json:
    brief = _brief(item, ("id", "quantity", "current_period_end"))
    return brief | {"price": _brief(item.get("price") or dict[str, Json](), _PRICE)}


async def _post(call: ActionCall, path: str, form: Mapping[str, Json]) -> dict[str, Json]:
    return (await call.api.send("POST", path, form=form)).json


def _present(given: Mapping[str, Json], *names: str) -> dict[str, Json]:
    return {name: given[name] for name in names if given.get(name) is not None}


def _brief(found: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: found[name] for name in names if name in found}
