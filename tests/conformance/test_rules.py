"""The table of rules is whole, and names tests that are there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.rules import GOTCHAS, LAST_GOTCHA, LAST_RULE, SIMULATOR, Row

TESTS = Path(__file__).resolve().parents[1]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the tests of a file, those of classes with the class before a dot."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found.update(
                f"{node.name}.{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
            )
    return frozenset(found)


@pytest.mark.parametrize("line", SIMULATOR + GOTCHAS, ids=lambda line: f"{line.number} {line.rule}")
def test_every_rule_is_held_by_tests_that_are_there(line: Row) -> None:
    assert line.tests
    for test in line.tests:
        place, _, name = test.partition("::")
        folder, _, file = place.partition("/")
        assert name in names_in(TESTS / folder / f"test_{file}.py"), test
        assert name.rpartition(".")[2].startswith("test_")


def test_every_number_has_a_rule() -> None:
    assert {line.number for line in SIMULATOR} == {f"17.{n}" for n in range(1, LAST_RULE + 1)}
    assert [line.number for line in GOTCHAS] == [f"18.{n}" for n in range(1, LAST_GOTCHA + 1)]


def test_no_rule_is_written_twice() -> None:
    rules = [line.rule for line in SIMULATOR + GOTCHAS]
    assert len(set(rules)) == len(rules)
