from uuid import UUID

import pytest

from gateway.kit.ids import as_id, new_id

CANONICAL = "0123abcd-4567-89ab-cdef-0123456789ab"


def test_new_ids_are_distinct_canonical_uuids() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(str(UUID(text)) == text == as_id(text) for text in ids)


@pytest.mark.parametrize("text", [CANONICAL, CANONICAL.upper(), CANONICAL.replace("-", "")])
def test_every_usual_spelling_of_an_id_has_one_canonical_form(text: str) -> None:
    assert as_id(text) == CANONICAL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        CANONICAL[:-1],
        CANONICAL + "0",
        f"{{{CANONICAL[2:]}}}",
        f" {CANONICAL[1:]}",
        "0x" + "1" * 30,
        "1_" * 16,
        "\N{ARABIC-INDIC DIGIT ONE}" * 32,
        CANONICAL.replace("4567-", "4567") + "-",
        CANONICAL[:-1] + "\n",
        CANONICAL + "\n",
        "g" * 32,
    ],
)
def test_what_is_no_uuid_is_no_id(text: str) -> None:
    assert as_id(text) is None
