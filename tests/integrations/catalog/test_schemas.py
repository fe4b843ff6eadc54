"""Actions and lookups ask what the providers' GraphQL schemas allow, and find in the answers what those promise."""

import contextlib
import re
from collections.abc import Callable, Iterator

import httpx2
import jsonschema_rs
import pytest

from integrations.accounts import ProviderAccount, identify
from integrations.action import Ports
from integrations.catalog import Catalog
from integrations.failures import ActionFailed
from integrations.options import lookup_options
from integrations.ports import Json
from tests.integrations.catalog.graphql_call import BySchema
from tests.integrations.catalog.graphql_description import GraphqlProvider, graphql_provider
from tests.integrations.catalog.graphql_types import schema_of
from tests.integrations.catalog.loopback import At
from tests.integrations.catalog.schemas import SCHEMAS
from tests.integrations.catalog.shaped import missing
from tests.parts.node import Node

CATALOG = Catalog()
CASES = [pytest.param(each, action, id=f"{each.integration}.{action}") for each in SCHEMAS for action in each.calls]
LOOKUPS = [
    pytest.param(each, lookup, id=f"{each.integration}.{lookup}")
    for each in SCHEMAS
    for lookup in CATALOG.get(each.integration).lookups
]


@pytest.fixture(scope="module")
def provider_of(node: Node) -> Iterator[Callable[[BySchema], GraphqlProvider]]:
    """Returns the stand-in for the provider of a schema, started once."""
    started: dict[str, GraphqlProvider] = {}
    with contextlib.ExitStack() as stack:

        def stand_in(of: BySchema) -> GraphqlProvider:
            if of.integration not in started:
                (types,) = (node.packages / of.package).glob(of.types)
                started[of.integration] = stack.enter_context(graphql_provider(schema_of(types)))
            provider = started[of.integration]
            provider.forget()
            return provider

        yield stand_in


@pytest.mark.parametrize(("schema", "action"), CASES)
async def test_an_action_is_the_operation_that_the_schema_has(
    provider_of: Callable[[BySchema], GraphqlProvider], schema: BySchema, action: str
):
    provider = provider_of(schema)
    operations, arguments = schema.calls[action]
    declared = CATALOG.get(schema.integration).actions[action]
    jsonschema_rs.validate(dict(declared.input_schema), dict(arguments))
    http = At(provider.address)
    try:
        result = await declared.run(arguments, schema.credentials, Ports(http=http))
    except ActionFailed as error:
        pytest.fail("\n".join(provider.refused) or error.message)
    assert provider.asked == list(operations)
    assert http.origins == {schema.origin}
    assert missing(result.output) == [], "the schema promises nothing there"


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.integration)
async def test_an_account_is_named_by_what_the_schema_has(
    provider_of: Callable[[BySchema], GraphqlProvider], schema: BySchema
):
    ports = Ports(http=At(provider_of(schema).address))
    assert await identify(CATALOG.get(schema.integration), schema.credentials, ports) == ProviderAccount("text", "text")


@pytest.mark.parametrize(("schema", "name"), LOOKUPS)
async def test_a_lookup_finds_values_and_labels(
    provider_of: Callable[[BySchema], GraphqlProvider], schema: BySchema, name: str
):
    provider = provider_of(schema)
    lookup = CATALOG.get(schema.integration).option_lookup(name)
    known = dict.fromkeys(lookup.declared.depends_on, "1")
    found = await lookup_options(lookup, known, credentials=schema.credentials, ports=Ports(http=At(provider.address)))
    assert provider.refused == []
    assert [bool(option.value and option.label) for option in found] == [True]


@pytest.mark.parametrize(
    ("document", "variables", "why"),
    [
        ("{ issues { nodes { nope } } }", {}, "Cannot query field 'nope' on type 'Issue'"),
        ("query($id: String!) { issue(id: $id) { id } }", {}, r"Variable '\$id'"),
        ("mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success } }", {"input": {}}, "teamId"),
    ],
)
async def test_a_document_that_does_not_fit_is_refused(
    provider_of: Callable[[BySchema], GraphqlProvider], document: str, variables: dict[str, Json], why: str
):
    provider = provider_of(next(each for each in SCHEMAS if each.integration == "linear"))
    async with httpx2.AsyncClient(trust_env=False) as client:
        await client.post(f"{provider.address}/graphql", json={"query": document, "variables": variables})
    assert provider.asked == []
    assert re.search(why, provider.refused[0])
