from pathlib import Path

import pytest

from integrations.loading import load, load_file
from integrations.problems import ManifestInvalid

FAULTY = """\
name: Slack
titel: Slack
categories: [CHAT]
auth:
  - key: user
    type: oauth3
  - key: Bot
    type: secret_text
api:
  base_url: slack.com/api
  failure: {message: error}
actions:
  - name: send
    title: Send
    input:
      text: {type: strng}
      to: {type: string, decription: To whom}
    request: {post: /send, json: input, form: input}
  - name: list
    title: List
    request: {get: list}
    paging: {style: cursor, items: /items, cursor_param: c}
  - name: both
    title: Both
    code: os.system
"""


def test_every_fault_of_the_format_is_named_with_its_line():
    with pytest.raises(ManifestInvalid) as caught:
        load(FAULTY, "slack.yaml")
    found = {(problem.line, problem.message.partition(" ")[0].rstrip(":")) for problem in caught.value.problems}
    assert found == {
        (1, "name"),
        (1, "title"),
        (2, "titel"),
        (3, "categories.0"),
        (6, "auth.0.type"),
        (7, "auth.1.key"),
        (10, "api.base_url"),
        (11, "api.failure.message"),
        (16, "actions.0.input.text"),
        (17, "actions.0.input.to"),
        (18, "actions.0.request"),
        (22, "actions.1.paging"),
        (25, "actions.2.code"),
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("title: 5", "title must be text"),
        ("title: Ti\nuses_state: yes", "uses_state must be true or false"),
        ("title: Ti\nactions: {}", "actions must be a list"),
        ("title: Ti\nauth: [{type: basic}]", "auth.0.key is missing"),
        ("title: Ti\nauth: [{key: a}]", "type"),
        ("title: Ti\nlogo: javascript:alert(1)", "is not an http(s) address"),
        ("title: Ti\nlogo: https://user@example.com/x", "is not an http(s) address"),
        ("title: Ti\nverified: {date: yesterday}", "must match"),
    ],
)
def test_a_fault_is_said_in_plain_words(line: str, message: str):
    with pytest.raises(ManifestInvalid) as caught:
        load(f"name: x\n{line}", "x.yaml")
    assert message in caught.value.problems[0].message


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path):
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    for name in ("nothing.yaml", "latin.yaml"):
        with pytest.raises(ManifestInvalid, match="can't be read"):
            load_file(tmp_path / name)


@pytest.mark.parametrize("text", ["", "[]", "just text", "12"])
def test_a_document_that_is_no_mapping_is_refused(text: str):
    with pytest.raises(ManifestInvalid):
        load(text, "x.yaml")
