"""What of Microsoft Entra is taken at its word, and what is not."""

from typing import Any

import pytest

from gateway.errors import ValidationFailed
from gateway.tenancy.entra import discovered_at, is_entra, is_key_for, takes, vouches_for_address, written_around
from gateway.tenancy.identity_providers import accept_issuer

TENANT = "11111111-2222-3333-4444-555555555555"
MICROSOFT = "https://login.microsoftonline.com"
ONE, ALL = f"{MICROSOFT}/{TENANT}/v2.0", f"{MICROSOFT}/{{tenantid}}/v2.0"


@pytest.mark.parametrize("host", ["login.microsoftonline.com", "login.microsoftonline.us"])
def test_the_issuer_of_a_tenant_is_taken(host: str) -> None:
    assert accept_issuer(f"https://{host}/{TENANT}/v2.0") == f"https://{host}/{TENANT}/v2.0"


@pytest.mark.parametrize(
    "path",
    [
        "common/v2.0",
        "organizations/v2.0",
        "consumers/v2.0",
        "{tenant}/v2.0",
        "{tenantid}{tenantid}/v2.0",
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


@pytest.mark.parametrize("host", ["sts.windows.net", "sts.chinacloudapi.cn"])
def test_the_older_issuer_of_a_tenant_is_refused_and_its_word_for_an_address_counts_for_nothing(host: str) -> None:
    issuer = f"https://{host}/{TENANT}/"
    with pytest.raises(ValidationFailed, match="one for each tenant"):
        accept_issuer(issuer)
    assert is_entra(issuer)


def test_all_tenants_are_taken_by_the_placeholder_and_looked_up_among_work_accounts() -> None:
    assert accept_issuer(ALL) == ALL
    assert discovered_at(ALL) == f"{MICROSOFT}/organizations/v2.0"
    assert discovered_at(ONE) == ONE


@pytest.mark.parametrize(
    ("configured", "issuer", "is_taken"),
    [
        (ALL, ONE, True),
        (ONE, ONE, True),
        (ONE, ONE.replace("5", "6"), False),
        (ONE, ALL, False),
        (ALL, ALL, False),
        (ALL, f"{MICROSOFT}/common/v2.0", False),
        (ALL, f"{MICROSOFT}/{TENANT}/v2.0/", False),
        (ALL, f"{MICROSOFT}/{TENANT}/x/v2.0", False),
        (ALL, f"https://login.microsoftonline.us/{TENANT}/v2.0", False),
        (ALL, f"https://evil.example/{TENANT}/v2.0", False),
        (ALL, "email", False),
        # Only Microsoft's own means anything by a placeholder.
        ("https://evil.example/{tenantid}/v2.0", f"https://evil.example/{TENANT}/v2.0", False),
        ("https://login.microsoftonline.com.evil.example/{tenantid}", f"https://evil.example/{TENANT}", False),
    ],
)
def test_a_placeholder_stands_for_a_tenant_s_id_and_for_nothing_else(
    configured: str, issuer: str, is_taken: bool
) -> None:
    assert takes(configured, issuer) is is_taken


def test_a_key_is_for_the_tenants_that_stand_beside_it() -> None:
    personal = f"{MICROSOFT}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
    assert [is_key_for(key, ONE) for key in (None, ALL, ONE, personal)] == [True, True, True, False]
    assert is_key_for(personal, personal)


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


@pytest.mark.parametrize(
    ("configured", "issuer", "is_its"),
    [
        (ALL, ONE, True),
        (ONE, ONE, True),
        (ONE, ALL, False),
        (ALL, f"https://login.microsoftonline.us/{TENANT}/v2.0", False),
        ("https://acme.okta.com", "https://acme.okta.com", True),
        ("https://acme.okta.com", "https://acme.okta.com.example", False),
        ("https://acme.okta.com", "https://acme.okta.com/oauth2", False),
    ],
)
def test_what_is_written_around_a_placeholder_finds_whom_the_issuer_stands_for(
    configured: str, issuer: str, is_its: bool
) -> None:
    begin, end = written_around(configured)
    assert (issuer.startswith(begin) and issuer.endswith(end)) is is_its
