"""Actions ask what the providers' own clients ask: both are run over HTTP against one recorder, and compared."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import jsonschema_rs
import pytest

from integrations.action import Ports
from integrations.catalog import Catalog
from integrations.notation import find
from integrations.ports import HttpRequest
from tests.integrations.catalog.loopback import At
from tests.integrations.catalog.official_call import Official
from tests.integrations.catalog.official_node import NodeClient, module_of, node_client
from tests.integrations.catalog.officials import OFFICIALS
from tests.integrations.catalog.recorder import Asked, Recorder, recording

CATALOG = Catalog()
CASES = [
    pytest.param(official, action, id=f"{official.integration}.{action}")
    for official in OFFICIALS
    for action in official.calls
]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def of_node(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[Callable[[str], NodeClient]]:
    """Returns the client for Node of an integration, started once."""
    started: dict[str, NodeClient] = {}
    with contextlib.ExitStack() as stack:

        def client_of(integration: str) -> NodeClient:
            if integration not in started:
                # Asked for here only: whoever runs one test of a client for Python needs no Node.
                node = request.getfixturevalue("node")
                client = node_client(node, module_of(integration), recorder.address)
                started[integration] = stack.enter_context(client)
            return started[integration]

        yield client_of


@pytest.mark.parametrize(("official", "action"), CASES)
async def test_an_action_asks_what_the_official_client_asks(
    recorder: Recorder, of_node: Callable[[str], NodeClient], official: Official, action: str
):
    call = official.calls[action]
    theirs, address = await asyncio.to_thread(asked_by_theirs, recorder, of_node, official, action)
    ours, origins = await asked_by_ours(recorder, official, action)
    assert theirs, "the official client asked nothing"
    assert [official.alike(asked.without(call.only_ours)) for asked in ours] == [
        official.alike(asked.without(call.only_theirs)) for asked in theirs
    ]
    assert origins == {address}


async def asked_by_ours(recorder: Recorder, official: Official, action: str) -> tuple[list[Asked], set[str]]:
    """What our action asks, of which origins."""
    call, declared = official.calls[action], CATALOG.get(official.integration).actions[action]
    jsonschema_rs.validate(dict(declared.input_schema), dict(call.arguments))
    http = At(recorder.address)
    recorder.expect(call.answers)
    result = await declared.run(call.arguments, official.credentials, Ports(http=http))
    if call.follow is not None:
        await http.send(HttpRequest("GET", str(find(result.output, call.follow))))
    return recorder.asked(), http.origins


def asked_by_theirs(
    recorder: Recorder, of_node: Callable[[str], NodeClient], official: Official, action: str
) -> tuple[list[Asked], str | None]:
    """What the official client asks, and of which origin it would if nobody had told it another."""
    call = official.calls[action]
    recorder.expect(call.answers)
    if official.connect is None:
        client = of_node(official.integration)
        client.call(action)
        return recorder.asked(), call.address or client.address
    assert call.theirs is not None, "a client that is written for Python needs the call that asks for the same"
    client = official.connect(recorder.address)
    with contextlib.suppress(Exception):  # what the client makes of a bare answer is its own affair
        call.theirs(client)
    return recorder.asked(), call.address or official.address
