"""Claims about tool names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.naming import MAX_TOOL_NAME_LENGTH, tool_name, tool_prefix

ALIASES = st.from_regex(r"[a-z][a-z0-9_-]{0,63}", fullmatch=True)
ACTIONS = st.text(min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("alias", "action", "name"),
    [
        ("slack", "send_channel_message", "slack__send_channel_message"),
        ("google-sheets", "list_spreadsheets", "google_sheets__list_spreadsheets"),
        ("openai-primary", "chat_completion", "openai_primary__chat_completion"),
        ("crm", "Create Customer", "crm__Create_Customer"),
        ("a__b", "c", "a_b__c"),
        ("a_", "x", "a__x"),
        ("a", "_x", "a___x"),
    ],
)
def test_a_name_is_prefix_and_action_with_everything_foreign_made_an_underscore(
    alias: str, action: str, name: str
) -> None:
    assert tool_name(alias, action) == name


@given(ALIASES, ACTIONS)
def test_every_name_fits_the_model_apis(alias: str, action: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool_name(alias, action))


@given(ALIASES, ALIASES, ACTIONS, ACTIONS)
def test_tools_of_two_aliases_never_share_a_name_unless_their_prefixes_are_equal(
    one: str, other: str, action: str, another: str
) -> None:
    if tool_prefix(one) != tool_prefix(other):
        assert tool_name(one, action) != tool_name(other, another)


def test_a_long_name_is_cut_to_something_stable_that_tells_its_siblings_apart() -> None:
    alias, action = "microsoft-dynamics-365-business", "x" * 42

    names = {tool_name(alias, action + end) for end in ("a", "b")}

    assert {len(name) for name in names} == {MAX_TOOL_NAME_LENGTH}
    assert len(names) == 2
    assert tool_name(alias, action + "a") in names
