import pytest

from integrations.builtin.stripe import in_smallest_unit
from integrations.failures import InvalidInput


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
