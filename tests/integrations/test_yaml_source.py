import pytest

from integrations.problems import ManifestInvalid
from integrations.yaml_source import read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: yes", {"on": "yes"}),
        ("a: no\nb: off", {"a": "no", "b": "off"}),
        ("date: 2026-11-21", {"date": "2026-11-21"}),
        ("a: true\nb: ~\nc: null\nd:", {"a": True, "b": None, "c": None, "d": None}),
        ("a: 12\nb: -3\nc: 1.5\nd: 2e3", {"a": 12, "b": -3, "c": 1.5, "d": 2000.0}),
        ("a: 012\nb: 1:30\nc: 0x1f\nd: 1_000", {"a": "012", "b": "1:30", "c": "0x1f", "d": "1_000"}),
        ("a: '12'\nb: \"true\"", {"a": "12", "b": "true"}),
        ("a: |\n  12\n", {"a": "12\n"}),
        ("a: .inf\nb: .nan", {"a": ".inf", "b": ".nan"}),
        ("<<: x", {"<<": "x"}),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object):
    assert read_yaml(text, "f").value == value


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: &x [1]\nb: *x", 1, "anchors and aliases"),
        ("a: &x\n  b: *x", 1, "anchors and aliases"),
        ("&k a: 1\nb: 2\n*k : 3", 1, "anchors and aliases"),
        ("a: 1\nb: 2\na: 3", 3, "the key 'a' is there twice"),
        ("a:\n  b: !!python/object/apply:os.system ['true']", 2, "tags such as"),
        ("a: !secret x", 1, "tags such as"),
        ("[1, 2]: x", 1, "a key must be text"),
        ("a: [1", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2", 2, "one document only"),
        ("a: *x", 1, "anchors and aliases"),
        ("a: \x00", 1, "not valid YAML"),
        ("[" * 60 + "]" * 60, 1, "nested more than 50 deep"),
        ("[" * 100_000, 1, "nested more than 50 deep"),
        ("a" * (1024 * 1024 + 1), 1, "more than 1048576 characters"),
    ],
)
def test_what_manifests_do_not_have_is_refused_with_its_line(text: str, line: int, message: str):
    with pytest.raises(ManifestInvalid) as caught:
        read_yaml(text, "x.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "x.yaml"
    assert message in problem.message
    assert problem.line == line


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    bomb = "a: &a [x, x]\n" + "\n".join(f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    with pytest.raises(ManifestInvalid, match="anchors and aliases"):
        read_yaml(bomb, "x.yaml")


def test_every_value_knows_its_line():
    source = read_yaml("name: x\nactions:\n  - name: a\n    input:\n      q: {type: string}\n  - name: b\n", "f")
    assert source.line_of(("name",)) == 1
    assert source.line_of(("actions", 0, "input", "q", "type")) == 5
    assert source.line_of(("actions", 1)) == 6
    assert source.line_of(("actions", 1, "nothing")) == 6
    assert source.line_of(("actions", 7)) == 2
