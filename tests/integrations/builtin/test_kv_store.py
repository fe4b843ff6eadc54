import jsonschema_rs
import pytest

from integrations.failures import InvalidInput
from tests.integrations.builtin.calling import BuiltIn


@pytest.fixture
def store() -> BuiltIn:
    return BuiltIn("kv-store")


async def test_a_value_is_found_again_until_it_is_deleted(store: BuiltIn):
    await store.run("put", key="theme", value={"dark": True})
    assert await store.run("get", key="theme") == {"key": "theme", "found": True, "value": {"dark": True}}
    assert (await store.run("delete", key="theme"))["deleted"] is True
    assert await store.run("get", key="theme") == {"key": "theme", "found": False, "value": None}
    assert (await store.run("delete", key="theme"))["deleted"] is False


async def test_a_list_grows_and_shrinks_by_value(store: BuiltIn):
    for task in ("a", "b", "a"):
        answer = await store.run("add_to_list", key="tasks", value=task)
    assert answer == {"key": "tasks", "value": ["a", "b", "a"], "length": 3}
    assert (await store.run("remove_from_list", key="tasks", value="a"))["value"] == ["b"]


async def test_false_and_nothing_are_different(store: BuiltIn):
    await store.run("put", key="flag", value=False)
    assert (await store.run("get", key="flag"))["found"] is True


@pytest.mark.parametrize("action", ["put", "add_to_list"])
async def test_a_value_too_large_to_keep_is_refused(store: BuiltIn, action: str):
    with pytest.raises(InvalidInput, match="262144") as caught:
        await store.run(action, key="k", value="x" * 300_000)
    assert caught.value.path == "/value"
    assert not store.state.values


@pytest.mark.parametrize("key", ["", "x" * 513])
async def test_a_key_is_short_and_not_empty(store: BuiltIn, key: str):
    with pytest.raises(jsonschema_rs.ValidationError):
        await store.run("get", key=key)


async def test_a_whole_number_of_any_size_is_kept(store: BuiltIn):
    await store.run("put", key="n", value=10**30)
    assert (await store.run("get", key="n"))["value"] == 10**30
