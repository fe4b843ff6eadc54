import pytest

from integrations.notation import MISSING, Placeholder, find, parts, placeholders, pointer_steps

DOCUMENT = {
    "user": {"name": "Ann"},
    "items": [{"id": 1}, {"id": None}],
    "a/b": {"~": True},
    "": "empty key",
    "ok": False,
}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", DOCUMENT),
        ("/user/name", "Ann"),
        ("/items/0/id", 1),
        ("/items/1/id", None),
        ("/a~1b/~0", True),
        ("/", "empty key"),
        ("/ok", False),
        ("/nothing", MISSING),
        ("/items/2", MISSING),
        ("/items/-1", MISSING),
        ("/items/01x", MISSING),
        ("/items/²", MISSING),
        ("/user/name/0", MISSING),
        ("/ok/deeper", MISSING),
    ],
)
def test_a_pointer_finds_exactly_what_it_names(pointer: str, expected: object):
    assert find(DOCUMENT, pointer) == expected


@pytest.mark.parametrize("text", ["user", "/a~b", "/a~2", "#/a"])
def test_what_is_no_pointer_is_refused(text: str):
    with pytest.raises(ValueError, match="is not a JSON Pointer"):
        pointer_steps(text)


def test_a_template_falls_apart_into_texts_and_names():
    assert parts("a/{b}/{{c}}{d}") == ("a/", Placeholder("b"), "/", "{c}", Placeholder("d"))


@pytest.mark.parametrize("text", ["{ id }", "query { viewer { id } }", "{}", "{1a}", "{a-b}", "{{a}}"])
def test_braces_around_anything_but_a_name_are_plain_text(text: str):
    assert placeholders(text) == ()
