"""Every promise is claimed by a test or said to be open, and nothing is claimed that was not promised."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.requirements import NOT_YET_COVERED, PROMISES

TESTS = Path(__file__).parent


def claims() -> Iterator[str]:
    """The ids in `@pytest.mark.promise(...)` of all test functions."""
    for file in TESTS.rglob("test_*.py"):
        if "node_modules" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                yield from claims_of(node)


def claims_of(function: ast.AsyncFunctionDef | ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
            yield from (str(ast.literal_eval(argument)) for argument in decorator.args)


def test_every_claim_is_a_promise() -> None:
    assert set(claims()) <= PROMISES.keys()


def test_every_promise_is_claimed_or_said_to_be_open() -> None:
    assert PROMISES.keys() - set(claims()) == NOT_YET_COVERED
