"""How addresses are compared."""

import pytest

from gateway.tenancy.emails import email_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("alice@example.com", "alice@example.com"),
        ("Alice.B+x@EXAMPLE.com", "alice.b+x@example.com"),
        ("straße@example.com", "straße@example.com"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("Émile@example.com", "Émile@example.com"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@strasse.example", "a@strasse.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_ascii_letters_fold_and_domains_are_normalised(address: str, key: str) -> None:
    assert email_key(address) == key


@pytest.mark.parametrize(
    "text",
    ["", "a", "@example.com", "a@", "a@b@c.example", "a b@c.example", "a@b c", "a@x..y", "a@-x.example", "a\n@x.y",
     "a" * 65 + "@example.com", "a@" + "x" * 64 + ".example", "a@" + ".".join(["x" * 60] * 5)],
)  # fmt: skip
def test_what_is_no_address_has_no_key(text: str) -> None:
    assert email_key(text) is None
