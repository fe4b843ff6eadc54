from time import perf_counter
from typing import Any

import pytest

from integrations.failures import InvalidInput
from tests.integrations.builtin.calling import BuiltIn

SHAPING = BuiltIn("data-transformer")
ORDER = {
    "id": 7,
    "user": {"first name": "Ada", "email": "ada@example.com"},
    "items": [{"sku": "a", "tags": ["x", "y"]}, {"sku": "b", "tags": []}, {"name": "no sku"}],
}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("$", ORDER),
        ("$.id", 7),
        ("$.user.email", "ada@example.com"),
        ("$.user['first name']", "Ada"),
        ('$["user"]["first name"]', "Ada"),
        ("$.items[0].sku", "a"),
        ("$.items[-1].name", "no sku"),
        ("$.items[9].sku", None),
        ("$.items[-9].sku", None),
        ("$.items[*].sku", ["a", "b"]),
        ("$.items[*].tags[*]", ["x", "y"]),
        ("$.user.*", ["Ada", "ada@example.com"]),
        ("$.nothing.at.all", None),
        ("$.nothing[*]", []),
        ("$.id.more", None),
    ],
)
async def test_a_selector_finds_its_part(selector: str, found: object):
    assert await SHAPING.run("transform_json", input=ORDER, mapping={"out": selector}) == {"out": found}


@pytest.mark.parametrize(
    "selector",
    ["", "id", "$..email", "$.items[?(@.sku)]", "$.items[0:2]", "$[", "$.", "$id", 5, None, "$" + ".a" * 600],
)
async def test_what_is_no_selector_is_refused_by_name(selector: object):
    with pytest.raises(InvalidInput) as caught:
        await SHAPING.run("transform_json", input=ORDER, mapping={"out": selector})
    assert caught.value.path == "/mapping/out"


async def test_a_selector_cannot_ask_for_endless_work():
    wide = [[[list(range(60))] * 60] * 60]
    with pytest.raises(InvalidInput, match="100000"):
        await SHAPING.run("transform_json", input=wide, mapping={"out": "$[*][*][*][*]"})


@pytest.mark.parametrize(
    ("strategy", "merged"),
    [
        ("shallow", {"a": {"y": 2}, "list": [3], "b": 1}),
        ("deep", {"a": {"x": 1, "y": 2}, "list": [3], "b": 1}),
    ],
)
async def test_later_objects_win(strategy: str, merged: dict[str, Any]):
    objects = [{"a": {"x": 1}, "list": [1, 2]}, {"a": {"y": 2}, "list": [3]}, {"b": 1}]
    before = repr(objects)
    assert await SHAPING.run("merge_objects", objects=objects, strategy=strategy) == merged
    assert repr(objects) == before


async def test_a_merge_has_a_bottom():
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"a": deep}
    with pytest.raises(InvalidInput, match="100 levels"):
        await SHAPING.run("merge_objects", objects=[deep, deep], strategy="deep")


PEOPLE: list[Any] = [
    {"name": "Ada", "age": 36, "active": True, "address": {"city": "London"}},
    {"name": "Bob", "age": 17, "active": 1, "a.b": "dotted"},
    {"name": "Cleo", "age": "40", "active": None},
    "not an object",
]


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({}, ["Ada", "Bob", "Cleo"]),
        ({"name": "Ada"}, ["Ada"]),
        ({"age": {"$gte": 18}}, ["Ada"]),
        ({"age": {"$gt": 16, "$lt": 36}}, ["Bob"]),
        ({"age": {"$lte": 36.0}}, ["Ada", "Bob"]),
        ({"active": True}, ["Ada"]),
        ({"active": 1}, ["Bob"]),
        ({"active": None}, ["Cleo"]),
        ({"active": {"$ne": True}}, ["Bob", "Cleo"]),
        ({"name": {"$in": ["Ada", "Cleo"]}}, ["Ada", "Cleo"]),
        ({"name": {"$nin": ["Ada", "Cleo"]}}, ["Bob"]),
        ({"name": {"$gt": "B"}}, ["Bob", "Cleo"]),
        ({"address.city": "London"}, ["Ada"]),
        ({"address": {"city": "London"}}, ["Ada"]),
        ({"a.b": "dotted"}, ["Bob"]),
        ({"missing": None}, ["Ada", "Bob", "Cleo"]),
        ({"name": "Ada", "age": 17}, []),
    ],
)
async def test_a_filter_keeps_what_meets_every_condition(conditions: dict[str, Any], names: list[str]):
    found = await SHAPING.run("filter_array", array=PEOPLE, conditions=conditions)
    assert [person["name"] for person in found["items"]] == names
    assert found["count"] == len(names)


@pytest.mark.parametrize("condition", [{"$regex": ".*"}, {"$gt": 1, "other": 2}, {"$in": "abc"}])
@pytest.mark.parametrize("array", [PEOPLE, []])
async def test_an_operator_that_does_not_exist_is_refused_even_for_an_empty_array(
    condition: dict[str, Any], array: list[Any]
):
    with pytest.raises(InvalidInput) as caught:
        await SHAPING.run("filter_array", array=array, conditions={"age": condition})
    assert caught.value.path.startswith("/conditions/age")


async def test_an_array_is_cut_into_batches():
    found = await SHAPING.run("batch_array", array=[1, 2, 3, 4, 5], batchSize=2.0)
    assert found == {"batches": [[1, 2], [3, 4], [5]], "count": 3}
    assert (await SHAPING.run("batch_array", array=[], batchSize=3)) == {"batches": [], "count": 0}


async def test_many_selectors_cannot_ask_for_endless_work_together():
    """A thousand lists of a hundred thousand each would be a gigabyte made of 200 KB."""
    with pytest.raises(InvalidInput, match="100000"):
        await SHAPING.run("transform_json", input=[0] * 10_000, mapping={str(each): "$[*]" for each in range(1000)})


@pytest.mark.parametrize(
    "conditions",
    [
        {"a": {"$nin": list(range(2, 60_000))}},
        {"a": {"$nin": [[1] * 1000] * 60}},
        {"a" + ".b" * 60_000: None},
    ],
)
async def test_a_filter_cannot_ask_for_endless_work(conditions: dict[str, object]):
    """Nobody else is served while it compares: elements times operands are bounded, not only each of them."""
    with pytest.raises(InvalidInput, match="comparisons") as caught:
        await SHAPING.run("filter_array", array=[{"a": 1}] * 60_000, conditions=conditions)
    assert caught.value.path == "/conditions"


async def test_a_large_array_can_be_filtered():
    elements = [{"a": 1}] * 60_000
    assert (await SHAPING.run("filter_array", array=elements, conditions={"a": {"$nin": [2, 3]}}))["count"] == 60_000


@pytest.mark.parametrize("strategy", ["shallow", "deep"])
async def test_merging_leaves_what_was_given_as_it_was(strategy: str):
    """Inputs may come from a tool's configuration, which the next call shares."""
    first, second = {"a": {"x": 1}}, {"a": {"y": 2}}
    await SHAPING.run("merge_objects", objects=[first, second], strategy=strategy)
    assert (first, second) == ({"a": {"x": 1}}, {"a": {"y": 2}})


@pytest.mark.parametrize("strategy", ["shallow", "deep"])
async def test_merging_takes_time_that_grows_with_the_input_alone(strategy: str):
    """Copying the whole for each object took seconds."""
    wide = {"a": {str(each): each for each in range(50_000)}}
    began = perf_counter()
    await SHAPING.run("merge_objects", objects=[wide, *({"a": {}} for _ in range(999))], strategy=strategy)
    assert perf_counter() - began < 1
