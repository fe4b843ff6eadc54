"""Actions ask what the providers' published documents allow, and find in the answers what those documents promise."""

import contextlib
from collections.abc import Callable, Iterator

import jsonschema_rs
import pytest

from integrations.accounts import ProviderAccount, identify
from integrations.action import Ports
from integrations.catalog import Catalog
from integrations.failures import ActionFailed, InvalidInput
from tests.integrations.catalog.description import Described, Document, described
from tests.integrations.catalog.documents import DOCUMENTS
from tests.integrations.catalog.loopback import At
from tests.integrations.catalog.openapi_call import ByDocument
from tests.integrations.catalog.shaped import missing
from tests.parts.node import Node

CATALOG = Catalog()
CASES = [pytest.param(each, action, id=f"{each.integration}.{action}") for each in DOCUMENTS for action in each.calls]


@pytest.fixture(scope="module")
def provider_of(node: Node) -> Iterator[Callable[[ByDocument], Described]]:
    """Returns the stand-in for the provider of a document, started once."""
    started: dict[str, Described] = {}
    with contextlib.ExitStack() as stack:

        def stand_in(of: ByDocument) -> Described:
            if of.integration not in started:
                document = Document(node.packages / of.package / of.path)
                started[of.integration] = stack.enter_context(described(document))
            return started[of.integration]

        yield stand_in


@pytest.mark.parametrize(("document", "action"), CASES)
async def test_an_action_is_the_operation_that_the_document_describes(
    provider_of: Callable[[ByDocument], Described], document: ByDocument, action: str
):
    provider = provider_of(document)
    provider.forget()
    operation, arguments = document.calls[action]
    declared = CATALOG.get(document.integration).actions[action]
    jsonschema_rs.validate(dict(declared.input_schema), dict(arguments))
    http = At(provider.address)
    try:
        result = await declared.run(arguments, document.credentials, Ports(http=http))
    except ActionFailed:
        pytest.fail("\n".join(provider.refused))
    assert [asked.name for asked in provider.asked] == [operation]
    assert http.origins == {provider.origin}
    assert set(declared.scopes[document.auth_method]) <= provider.asked[0].scopes
    assert missing(result.output) == [], "the document promises nothing there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.integration)
async def test_an_account_is_named_by_what_the_document_has(
    provider_of: Callable[[ByDocument], Described], document: ByDocument
):
    ports = Ports(http=At(provider_of(document).address))
    who = await identify(CATALOG.get(document.integration), document.credentials, ports)
    assert who == ProviderAccount("text", "text")


async def test_a_request_that_the_document_does_not_allow_is_refused(provider_of: Callable[[ByDocument], Described]):
    document = next(each for each in DOCUMENTS if each.integration == "figma")
    provider = provider_of(document)
    provider.forget()
    action = CATALOG.get("figma").actions["update_dev_resources"]
    with pytest.raises(InvalidInput):
        await action.run({"devResources": [{"name": "no id"}]}, document.credentials, Ports(http=At(provider.address)))
    assert provider.asked == []
    assert "PUT /v1/dev_resources" in provider.refused[0]
