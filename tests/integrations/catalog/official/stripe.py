"""Stripe's own client for Python."""

from typing import Any

import stripe

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

PAGE = {"limit": 100}
ITEMS = [{"price": "price_1", "quantity": 2}, {"price": "price_2"}]
ADDRESS = {"line1": "Am Kai 1", "postal_code": "20457", "city": "Hamburg", "state": "HH", "country": "DE"}
ADA = {"email": "ada@example.com", "name": "Ada & Söhne", "description": "VIP", "phone": "+4940123"}
LIST = ({"data": [], "has_more": False},)


def connect(address: str) -> Any:
    """The client's first version of the API, which is the one that has these."""
    return stripe.StripeClient("sk_test_key", base_addresses={"api": address}, max_network_retries=0).v1


OFFICIAL = Official(
    integration="stripe",
    package="stripe",
    address=stripe.DEFAULT_API_BASE,
    credentials=Credentials("api_key", {"secret_text": "sk_test_key"}),
    connect=connect,
    calls={
        "create_customer": Call(ADA | ADDRESS, lambda v1: v1.customers.create(ADA | {"address": ADDRESS})),
        "update_customer": Call(
            {"customer": "cus_1", "name": "Grace", "city": "Kiel"},
            lambda v1: v1.customers.update("cus_1", {"name": "Grace", "address": {"city": "Kiel"}}),
        ),
        "retrieve_customer": Call({"id": "cus_1"}, lambda v1: v1.customers.retrieve("cus_1")),
        "search_customer": Call(
            {"email": "ada+1@example.com"}, lambda v1: v1.customers.list({"email": "ada+1@example.com"} | PAGE), LIST
        ),
        "list_customers": Call({}, lambda v1: v1.customers.list(PAGE), LIST),
        "create_product": Call(
            {"name": "Tea", "active": False, "images": ["https://a.example/1.png"], "metadata": {"sku": "7"}},
            lambda v1: v1.products.create(
                {"name": "Tea", "active": False, "images": ["https://a.example/1.png"], "metadata": {"sku": "7"}}
            ),
            # Two spellings of one list: https://docs.stripe.com/api has ours, the client numbers the members.
            only_ours=["images[]"],
            only_theirs=["images[0]"],
        ),
        "list_products": Call({"active": True}, lambda v1: v1.products.list({"active": True} | PAGE), LIST),
        "create_price": Call(
            {"product": "prod_1", "unit_amount": 25.5, "currency": "USD", "recurring_interval": "month"},
            lambda v1: v1.prices.create(
                {
                    "product": "prod_1",
                    "unit_amount": 2550,
                    "currency": "usd",
                    "recurring": {"interval": "month", "interval_count": 1},
                }
            ),
        ),
        "list_prices": Call({"product": "prod_1"}, lambda v1: v1.prices.list({"product": "prod_1"} | PAGE), LIST),
        "create_payment_link": Call(
            {
                "line_items": ITEMS,
                "after_completion_type": "redirect",
                "after_completion_redirect_url": "https://a.example/thanks",
                "allow_promotion_codes": True,
            },
            lambda v1: v1.payment_links.create(
                {
                    "line_items": ITEMS,
                    "after_completion": {"type": "redirect", "redirect": {"url": "https://a.example/thanks"}},
                    "allow_promotion_codes": True,
                }
            ),
        ),
        "deactivate_payment_link": Call(
            {"payment_link_id": "plink_1"}, lambda v1: v1.payment_links.update("plink_1", {"active": False})
        ),
        "create_payment_intent": Call(
            {"amount": 500.0, "currency": "JPY", "customer": "cus_1", "payment_method": "pm_1", "confirm": True},
            lambda v1: v1.payment_intents.create(
                {"amount": 500, "currency": "jpy", "customer": "cus_1", "payment_method": "pm_1", "confirm": True}
            ),
        ),
        "retrieve_payment_intent": Call({"payment_intent_id": "pi_1"}, lambda v1: v1.payment_intents.retrieve("pi_1")),
        "list_payment_intents": Call(
            {"customer": "cus_1"}, lambda v1: v1.payment_intents.list({"customer": "cus_1"} | PAGE), LIST
        ),
        "list_charges": Call({}, lambda v1: v1.charges.list(PAGE), LIST),
        "create_refund": Call(
            {"payment_intent": "pi_1", "amount": 12.99, "reason": "duplicate"},
            lambda v1: (
                v1.payment_intents.retrieve("pi_1"),
                v1.refunds.create({"payment_intent": "pi_1", "amount": 1299, "reason": "duplicate"}),
            ),
            ({"id": "pi_1", "object": "payment_intent", "currency": "eur"}, {}),
        ),
        "list_refunds": Call(
            {"payment_intent": "pi_1"}, lambda v1: v1.refunds.list({"payment_intent": "pi_1"} | PAGE), LIST
        ),
        "list_disputes": Call({}, lambda v1: v1.disputes.list(PAGE), LIST),
        "retrieve_balance": Call({}, lambda v1: v1.balance.retrieve()),
        "retrieve_payout": Call({"payout_id": "po_1"}, lambda v1: v1.payouts.retrieve("po_1")),
        "list_payouts": Call({"status": "paid"}, lambda v1: v1.payouts.list({"status": "paid"} | PAGE), LIST),
        "create_subscription": Call(
            {"customer": "cus_1", "items": ITEMS, "trial_period_days": 14.0, "metadata": {"plan": "pro"}},
            lambda v1: v1.subscriptions.create(
                {"customer": "cus_1", "items": ITEMS, "trial_period_days": 14, "metadata": {"plan": "pro"}}
            ),
        ),
        "retrieve_subscription": Call({"subscription": "sub_1"}, lambda v1: v1.subscriptions.retrieve("sub_1")),
        "search_subscriptions": Call(
            {
                "price_ids": "price_1, price_2",
                "status": "active",
                "created_after": "2026-01-01",
                "include_customer_details": True,
            },
            lambda v1: [
                v1.subscriptions.list(
                    {
                        "price": price,
                        "status": "active",
                        "created": {"gte": 1767225600},
                        "expand": ["data.customer"],
                    }
                    | PAGE
                )
                for price in ("price_1", "price_2")
            ],
            LIST,
            only_ours=["expand[]"],
            only_theirs=["expand[0]"],
        ),
        "cancel_subscription": Call(
            {"subscription": "sub_1", "cancel_at_period_end": True},
            lambda v1: v1.subscriptions.update("sub_1", {"cancel_at_period_end": True}),
        ),
        "create_invoice": Call(
            {"customer_id": "cus_1", "currency": "EUR", "description": "March"},
            lambda v1: v1.invoices.create(
                {
                    "customer": "cus_1",
                    "currency": "eur",
                    "description": "March",
                    "pending_invoice_items_behavior": "include",
                }
            ),
        ),
        "create_invoice_item": Call(
            {"customer": "cus_1", "amount": -1.5, "currency": "eur", "invoice": "in_1"},
            lambda v1: v1.invoice_items.create(
                {"customer": "cus_1", "amount": -150, "currency": "eur", "invoice": "in_1"}
            ),
        ),
        "find_invoice": Call({"invoice_id": "in_1"}, lambda v1: v1.invoices.retrieve("in_1")),
        "retrieve_invoice": Call({"invoice_id": "in_1"}, lambda v1: v1.invoices.retrieve("in_1")),
        "list_invoices": Call(
            {"customer": "cus_1", "status": "open"},
            lambda v1: v1.invoices.list({"customer": "cus_1", "status": "open"} | PAGE),
            LIST,
        ),
        "finalize_invoice": Call({"invoice_id": "in_1"}, lambda v1: v1.invoices.finalize_invoice("in_1")),
        "send_invoice": Call({"invoice_id": "in_1"}, lambda v1: v1.invoices.send_invoice("in_1")),
        "void_invoice": Call({"invoice_id": "in_1"}, lambda v1: v1.invoices.void_invoice("in_1")),
    },
)
