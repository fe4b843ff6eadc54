"""From a broken rule of the database to a failure of the product."""

import pytest

from gateway.errors import Duplicate, NotFound, SlugExists
from gateway.refusals import refusing
from storage.failures import AlreadyExists, ReferenceMissing

CONFLICTS = {"uq_slug": (SlugExists, "slug: another one has it already")}


def refused(constraint: str) -> Duplicate | SlugExists:
    with pytest.raises((Duplicate, SlugExists)) as caught, refusing(CONFLICTS):
        raise AlreadyExists(constraint)
    return caught.value


def test_a_broken_rule_is_told_by_the_failure_beside_its_name() -> None:
    failure = refused("uq_slug")
    assert (type(failure), failure.message) == (SlugExists, "slug: another one has it already")


def test_a_rule_without_a_failure_of_its_own_is_a_duplicate() -> None:
    assert type(refused("uq_another")) is Duplicate


def test_a_lost_reference_is_not_found() -> None:
    with pytest.raises(NotFound, match="no such server"), refusing({}, gone="there is no such server"):
        raise ReferenceMissing("a row is gone")


def test_two_requests_never_share_an_exception() -> None:
    """Raised twice, one object would carry the frames, and the cause, of one request into the other."""
    first, second = refused("uq_slug"), refused("uq_slug")
    assert first is not second
    assert first.__cause__ is not second.__cause__
