"""What of Microsoft Entra is taken at its word, and what is not."""

from typing import Any

import pytest

from gateway.errors import ValidationFailed
from gateway.tenancy.entra import vouches_for_address
from gateway.tenancy.identity_providers import accept_issuer

TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize("host", ["login.microsoftonline.com", "login.microsoftonline.us"])
def test_the_issuer_of_a_tenant_is_taken(host: str) -> None:
    assert accept_issuer(f"https://{host}/{TENANT}/v2.0") == f"https://{host}/{TENANT}/v2.0"


@pytest.mark.parametrize(
    "path",
    [
        "common/v2.0",
        "organizations/v2.0",
        "consumers/v2.0",
        "{tenantid}/v2.0",
        "contoso.onmicrosoft.com/v2.0",
        TENANT,
        f"{TENANT}/v2.0/",
        f"{TENANT}/v2.0/x",
        f"{TENANT.replace('1', 'A')}/v2.0",
        "",
    ],
)
def test_what_issues_no_tokens_is_refused_with_what_to_write(path: str) -> None:
    with pytest.raises(ValidationFailed, match="one for each tenant"):
        accept_issuer(f"https://login.microsoftonline.com/{path}")


@pytest.mark.parametrize(
    ("claims", "is_vouched_for"),
    [
        ({"xms_edov": True}, True),
        ({"xms_edov": 1}, True),
        ({"xms_edov": "1"}, True),
        ({"xms_edov": "true"}, True),
        ({"xms_edov": False}, False),
        ({"xms_edov": 0}, False),
        ({"xms_edov": "0"}, False),
        ({"xms_edov": None}, False),
        ({"xms_edov": ["1"]}, False),
        ({"verified_primary_email": ["ada@example.com"]}, False),
        ({}, False),
    ],
)
def test_an_address_counts_where_microsoft_vouches_for_it(claims: dict[str, Any], is_vouched_for: bool) -> None:
    assert vouches_for_address(claims) is is_vouched_for
