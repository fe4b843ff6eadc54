import pytest

from tests.parts.presence import missing


def test_a_missing_part_skips_the_test_on_a_machine_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="missing part: a browser"):
        missing("a browser")


def test_a_missing_part_fails_the_test_where_nothing_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="missing part: a browser"):
        missing("a browser")
