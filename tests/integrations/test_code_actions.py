import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from integrations.action import ActionCall, ActionResult, Attachment
from integrations.failures import NotFound
from integrations.integration import Integration
from integrations.loading import load
from integrations.ports import Json
from integrations.running import Function
from integrations.testing import Moment, RecordedHttp, credentials, json_response, ports, sent_json, sent_query

Install = Callable[[Function], None]

MANIFEST = """
name: acme
title: Acme
auth: [{key: main, type: secret_text}]
api: {base_url: "https://api.example.com/v1/", failure: {when: {/ok: false}, message: /error}}
actions: [{name: act, title: Act, code: acme_actions:act}]
"""


async def greet(call: ActionCall) -> Json:
    made = await call.api.post(
        "people/{name}/notes", {"name": call.arguments["name"]}, json={"at": call.now.isoformat()}
    )
    found = await call.api.get("people", query={"q": "a b", "tag": ["x", "y"]})
    return {"made": made, "found": found, "method": call.auth_method}


async def upload(call: ActionCall) -> ActionResult:
    answer = await call.api.send("PUT", "file", content=b"\x00\x01", headers={"Content-Type": "image/png"})
    return ActionResult({"status": answer.status}, (Attachment("a.png", "image/png", b"\x00"),))


async def stateless(call: ActionCall) -> Json:
    return call.state


async def without_api(call: ActionCall) -> Json:
    return call.api


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    def as_act(function: Function) -> None:
        module = ModuleType("acme_actions")
        monkeypatch.setattr(module, "act", function, raising=False)
        monkeypatch.setitem(sys.modules, "acme_actions", module)

    return as_act


def acme(manifest: str = MANIFEST) -> Integration:
    return Integration(load(manifest, "acme.yaml"))


KEY = credentials("main", secret_text="key")


async def test_python_gets_the_api_as_the_connection_may_use_it(install: Install):
    install(greet)
    http = RecordedHttp([json_response({"id": 1}), json_response([1])])
    result = await acme().actions["act"].run({"name": "a/b"}, KEY, ports(http))
    assert result.output == {"made": {"id": 1}, "found": [1], "method": "main"}
    first, second = http.requests
    assert (first.method, first.url) == ("POST", "https://api.example.com/v1/people/a%2Fb/notes")
    assert sent_json(first) == {"at": "2026-11-21T12:00:00+00:00"}
    assert sent_query(second) == {"q": ["a b"], "tag": ["x", "y"]}
    assert first.headers["Authorization"] == "Bearer key"


async def test_python_sends_bytes_and_answers_with_files(install: Install):
    install(upload)
    http = RecordedHttp([json_response({})])
    result = await acme().actions["act"].run({}, KEY, ports(http))
    assert http.request.body == b"\x00\x01"
    assert http.request.headers["Content-Type"] == "image/png"
    assert result == ActionResult({"status": 200}, (Attachment("a.png", "image/png", b"\x00"),))


async def test_the_manifests_failures_and_retries_hold_for_python_too(install: Install):
    install(upload)
    http, moment = (
        RecordedHttp([json_response({}, 503, retry_after="1"), json_response({"message": "Gone"}, 404)]),
        Moment(),
    )
    with pytest.raises(NotFound, match="Gone"):
        await acme().actions["act"].run({}, KEY, ports(http, moment=moment))
    assert moment.slept == [1.0]


async def test_state_that_was_not_asked_for_is_a_mistake_of_the_author(install: Install):
    install(stateless)
    with pytest.raises(RuntimeError, match="uses_state: true"):
        await acme().actions["act"].run({}, KEY, ports(RecordedHttp()))


async def test_an_api_that_is_not_declared_is_a_mistake_of_the_author(install: Install):
    install(without_api)
    bare = acme("name: a\ntitle: A\nactions: [{name: act, title: Act, code: acme_actions:act}]")
    with pytest.raises(RuntimeError, match="no api section"):
        await bare.actions["act"].run({}, None, ports(RecordedHttp()))


def test_a_call_shows_no_credential():
    assert "s3cret" not in repr(ActionCall({}, credentials("main", secret_text="s3cret"), ports(RecordedHttp())))
