"""A provider's GraphQL schema as a stand-in: refuses documents and variables that do not fit, answers as it says."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    graphql_sync,
    is_abstract_type,
    is_enum_type,
    is_object_type,
    parse,
)
from werkzeug.wrappers import Request, Response

from tests.integrations.catalog.loopback import listening

Json = Any
_SIMPLE: Final[Mapping[str, Json]] = {"Int": 1, "Float": 1.5, "Boolean": True}


@dataclass
class GraphqlProvider:
    """A running stand-in, and what it was asked since `forget` was called last."""

    address: str = ""
    asked: list[str] = field(default_factory=list[str])
    """The operations that were allowed: `mutation issueCreate`."""
    refused: list[str] = field(default_factory=list[str])
    """Why others were not."""

    def forget(self) -> None:
        """Start anew."""
        self.asked, self.refused = [], []


@contextmanager
def graphql_provider(schema: GraphQLSchema) -> Generator[GraphqlProvider]:
    """Stand in for the provider whose schema this is."""
    stand_in = GraphqlProvider()

    @Request.application
    def answer(request: Request) -> Response:
        asked = json.loads(request.get_data())
        result = graphql_sync(
            schema,
            asked["query"],
            variable_values=asked.get("variables"),
            field_resolver=_made_up,
            type_resolver=_first_possible,
        )
        if result.errors:
            stand_in.refused.extend(str(error) for error in result.errors)
        else:
            stand_in.asked.extend(_operations(asked["query"]))
        return Response(json.dumps(result.formatted), content_type="application/json")

    with listening(answer) as stand_in.address:
        yield stand_in


def _operations(document: str) -> list[str]:
    return [
        f"{operation.operation.value} {selection.to_dict()['name']['value']}"
        for operation in parse(document).definitions
        if isinstance(operation, OperationDefinitionNode)
        for selection in operation.selection_set.selections
    ]


def _made_up(source: Json, info: GraphQLResolveInfo[Any], **_arguments: Json) -> Json:
    """A value of the field's type, whatever it is asked for."""
    return _value(info.return_type)


def _value(type_: GraphQLOutputType) -> Json:
    if isinstance(type_, GraphQLNonNull):
        return _value(type_.of_type)
    if isinstance(type_, GraphQLList):
        return [_value(type_.of_type)]
    named = get_named_type(type_)
    if is_enum_type(named):
        return next(iter(named.values.values())).value
    return {} if is_object_type(named) or is_abstract_type(named) else _SIMPLE.get(named.name, "text")


def _first_possible(source: Json, info: Any, abstract: GraphQLAbstractType) -> str:
    possible = info.schema.get_possible_types(abstract)
    if not possible:
        raise GraphQLError(f"nothing is a {abstract.name}")
    return possible[0].name
